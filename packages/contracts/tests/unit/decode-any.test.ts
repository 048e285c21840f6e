import { storable } from '@codegen/contracts/storable';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { seed } from '../../../../tests/support/seed.js';
import {
  decodeEntry,
  type EntryFields,
  encodeEntry,
  engineeringQueue,
  type QueueContract,
  queues,
  workerCommands,
} from '../../src/index.js';
import { anyText, arbitraryOf } from '../arbitrary-of.js';

// Thousands of documents take longer than the default timeout on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const contracts: readonly QueueContract[] = queues;
const anyContract = fc.constantFrom(...contracts);

/** A contract with a valid message. */
const anyMessage = anyContract.chain((contract) =>
  arbitraryOf(contract.message).map((message) => ({ contract, message: message as Record<string, unknown> })),
);

/** A document in which one field is missing, of another type, or nested into itself. */
const anyBrokenMessage = fc.tuple(anyMessage, fc.nat(), fc.jsonValue()).map(([{ contract, message }, at, value]) => {
  const names = Object.keys(message);
  const name = names[at % Math.max(1, names.length)] ?? 'x';
  const { [name]: _, ...without } = message;
  return { contract, document: at % 2 ? without : { ...message, [name]: value } };
});

describe('any message of any queue', () => {
  test('survives encoding and decoding, with defaults and with storable characters', () => {
    fc.assert(
      fc.property(anyMessage, ({ contract, message: input }) => {
        const { fields, message } = encodeEntry(contract, input as never);
        expect(message).toMatchObject(storable(input));
        expect(decodeEntry(contract, fields)).toEqual({ ok: true, message, legacy: false, raw: fields });
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('any entry at all', () => {
  const anyField = fc.oneof(
    fc.constantFrom('data', 'version', 'request_id', 'command', 'agent_id', 'attempt', '', '__proto__', 'constructor'),
    anyText,
  );
  const anyValue = fc.oneof(anyText, fc.json(), fc.constantFrom('null', '[]', '{}', '{"version":"2"}', '"x"', '1e999'));
  const anyFields = fc.array(fc.tuple(anyField, anyValue), { maxLength: 8 }).map((pairs) => Object.fromEntries(pairs));
  const cutShort = fc
    .tuple(anyMessage, fc.nat(200))
    .map(([{ contract, message }, at]) => ({ contract, raw: { data: JSON.stringify(message).slice(0, at) } }));

  test.each([
    ['of random fields', fc.record({ contract: anyContract, raw: anyFields })],
    ['with a message that has a wrong field', anyBrokenMessage.map((one) => ({ ...one, raw: wrapped(one.document) }))],
    ['of flat fields, one of them wrong', anyBrokenMessage.map((one) => ({ ...one, raw: flat(one.document) }))],
    ['that was cut short', cutShort],
  ])('%s is decoded or rejected, and never throws', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, ({ contract, raw }) => {
        const decoded = decodeEntry(contract, raw);
        if (decoded.ok) expect(contract.message.safeParse(decoded.message).success).toBe(true);
        else expect([decoded.error.length > 0, decoded.error.length < 5000]).toEqual([true, true]);
      }),
      { seed, numRuns: 500 },
    );
  });

  function wrapped(document: object): EntryFields {
    return { data: JSON.stringify(document) };
  }

  function flat(document: object): EntryFields {
    const fields = Object.entries(document).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return Object.fromEntries(fields);
  }
});

describe('a hostile entry', () => {
  const task = { task_id: 't', project_id: 'p', user_id: 0 };
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  test.each([
    ['in an unknown field', { data: JSON.stringify(task).replace('{', `{"x":${deep},`) }],
    ['beside a secret', { data: JSON.stringify({ ...task, secrets: 'ghp_deep' }).replace('{', `{"x":${deep},`) }],
    ['in a flat field', { ...task, user_id: deep }],
    ['in an unknown flat field', { ...task, user_id: '0', context: deep }],
    ['beside the document', { data: JSON.stringify(task), context: deep }],
  ])('nested 100,000 levels deep %s is rejected', (_, raw) => {
    const decoded = decodeEntry(engineeringQueue, raw as EntryFields);
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_message', error: expect.stringContaining('levels') });
    expect(JSON.stringify(decoded)).not.toContain('ghp_deep');
  });

  test('with 100,000 invalid values is rejected with the first ones listed', () => {
    const config = { name: 'w', agent: 'custom', capabilities: Array(100_000).fill(1), env_vars: {} };
    const decoded = decodeEntry(workerCommands, {
      data: JSON.stringify({ command: 'create', request_id: 'r', config }),
    });
    expect(decoded).toMatchObject({ ok: false, code: 'invalid_message', path: 'config.capabilities.0' });
    expect(!decoded.ok && decoded.error.length).toBeLessThan(5000);
    expect(!decoded.ok && decoded.error).toContain('and 99990 more');
  });
});
