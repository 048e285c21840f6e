import { engineeringQueue, type QueueContract, queues, streamName } from '@codegen/contracts';
import { storable } from '@codegen/contracts/storable';
import fc, { type Arbitrary } from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { samples, seed } from '../../../../tests/support/seed.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { anyText, arbitraryOf } from '../../../contracts/tests/arbitrary-of.js';
import { type RunningConsumer, runConsumer } from '../../src/consumer/index.js';
import { TransientError } from '../../src/errors.js';
import { publish, readLog } from '../../src/queue/index.js';
import { type Bench, openBench, STREAM } from '../bench.js';

type Document = Record<string, unknown>;
/** Names and values, in turn. */
type Flat = readonly (string | Buffer)[];

const contracts: readonly QueueContract[] = queues;
const GOOD = '{"task_id":"t","project_id":"p","user_id":0}';
const params = { type: 'developer', worker_id: 'w-1', task_id: 'task_1' };

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

describe(`any message of any queue (FC_SEED=${seed})`, () => {
  test('arrives as it was published', async () => {
    const published = await publishSamples(contracts, 150);
    const arrived = new Map<string, unknown>();
    const consumers = contracts
      .filter(({ kind }) => kind === 'work')
      .map((contract) =>
        consume(contract, async (message, { entryId, stream }) => void arrived.set(`${stream} ${entryId}`, message)),
      );
    const stop = new AbortController();
    const logs = contracts
      .filter(({ kind }) => kind === 'log')
      .map(async (contract) => {
        for await (const { entryId, message } of readLog(bench.redis, contract, {
          params,
          from: '0',
          signal: stop.signal,
        })) {
          arrived.set(`${streamName(contract, params)} ${entryId}`, message);
        }
      });
    await waitFor('every message', () => arrived.size >= published.size);
    stop.abort();
    await Promise.all([...logs, ...consumers.map((consumer) => consumer.stop())]);
    expect(arrived.size).toBe(published.size);
    for (const [key, message] of published) expect(arrived.get(key), key).toEqual(message);
  });

  test('arrives unchanged when it is tried again', async () => {
    const work = contracts.filter(({ kind }) => kind === 'work');
    const published = await publishSamples(work, 50);
    const arrived: unknown[] = [];
    const consumers = work.map((contract) =>
      consume(
        contract,
        async (message, { attempt }) => {
          if (attempt === 1) throw new TransientError('once more');
          arrived.push(message);
        },
        { transient: [10] },
      ),
    );
    await waitFor('every message', () => arrived.length >= published.size);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    const sorted = (messages: Iterable<unknown>) => [...messages].map((one) => JSON.stringify(one)).sort();
    expect(sorted(arrived)).toEqual(sorted(published.values()));
  });
});

describe(`an entry of the engineering queue (FC_SEED=${seed})`, () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
  const valid = arbitraryOf(engineeringQueue.message) as Arbitrary<Document>;
  const json = fc.oneof(
    valid,
    fc.tuple(valid, fc.nat(), fc.jsonValue()).map(([document, at, value]) => withOneChange(document, at, value)),
    fc.jsonValue(),
  );
  const text = fc.oneof(
    json.map((value) => JSON.stringify(value)),
    fc.tuple(json, fc.nat(200)).map(([value, at]) => JSON.stringify(value).slice(0, at)),
    anyText,
  );
  const damaged = fc
    .tuple(valid, bytes, fc.nat())
    .map(([document, noise, at]) => spliced(Buffer.from(JSON.stringify(document)), noise, at));

  test.each<[string, Arbitrary<Flat>]>([
    ['of any names and values', pairsOf(fc.oneof(anyText, bytes), fc.oneof(anyText, bytes))],
    ['with any text as its data', text.map((data) => ['data', data])],
    ['with bytes in its data that are no text', damaged.map((data) => ['data', data])],
    [
      'with known and unknown fields, some of them twice',
      pairsOf(fc.oneof(knownName(), anyText), fc.oneof(text, bytes)),
    ],
  ])('%s is handled or dead-lettered as it was, and the next one is handled', async (_, arbitrary) => {
    await expectNothingIsLost(samples(arbitrary, 1000));
  });

  test.each<[string, Flat, string]>([
    ['a megabyte that is no JSON', ['data', 'x'.repeat(2 ** 20)], 'invalid_json'],
    ['a megabyte in a field', ['data', '{}', 'more', 'x'.repeat(2 ** 20)], 'invalid_message'],
    ['a megabyte as a name', ['x'.repeat(2 ** 20), ''], 'invalid_message'],
    ['a megabyte of bytes', ['data', Buffer.alloc(2 ** 20, 0xff)], 'invalid_encoding'],
    ['100,000 levels', ['data', `${'['.repeat(100_000)}${']'.repeat(100_000)}`], 'invalid_message'],
    ['100,000 levels inside', ['data', `{"x":${'{"x":'.repeat(100_000)}1${'}'.repeat(100_001)}`], 'invalid_message'],
    ['more fields than a script can carry', ['data', GOOD, ...unknownFields(5000)], 'invalid_message'],
  ])('with %s is dead-lettered as it was', async (_, flat, code) => {
    const { handled, dead } = await expectNothingIsLost([flat]);
    expect([handled, dead.map(({ context }) => context.code)]).toEqual([0, [code]]);
  });

  test('with as many unknown fields as it may have is handled, also when it is tried again', async () => {
    const attempts: number[] = [];
    bench.consume(
      async (_message, { attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new TransientError('once more');
      },
      { retry: { transient: [10] } },
    );
    await bench.redis.xadd(STREAM, '*', 'data', GOOD, ...unknownFields(999));
    await waitFor('the second try', () => attempts.length === 2);
  });

  test('that is no text names the request that waits for it', async () => {
    const told: unknown[] = [];
    bench.consume(async () => undefined, {
      onDeadLetter: async (message, { requestId, code }) => void told.push([message, requestId, code]),
    });
    const data = Buffer.from('{"request_id":"r-1","task_id":"\xff","project_id":"p","user_id":0}', 'latin1');
    await bench.redis.xadd(STREAM, '*', 'data', data);
    await waitFor('the call', () => told.length);
    expect(told).toEqual([[undefined, 'r-1', 'invalid_encoding']]);
  });

  test('that is no text hides a secret', async () => {
    bench.consume(async () => undefined);
    const data = Buffer.from('{"task_id":"\xff","github_token":"ghp_secret"}', 'latin1');
    await bench.redis.xadd(STREAM, '*', 'data', data, 'secrets', Buffer.from('\xffhidden', 'latin1'));
    const letters = await waitFor('the dead letter', async () => {
      const found = await bench.deadLetters();
      return found.length > 0 && found;
    });
    const seen = JSON.stringify(letters);
    for (const secret of ['ghp_secret', 'hidden']) {
      expect(seen).not.toContain(secret);
      for (const shift of [0, 1, 2]) expect(seen).not.toContain(base64Inside(secret, shift));
    }
  });

  test('that holds a replacement character is text like any other', async () => {
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id));
    await bench.add('cut \ufffd');
    await waitFor('the message', () => seen.length);
    expect(seen).toEqual(['cut \ufffd']);
  });
});

async function publishSamples(some: readonly QueueContract[], each: number): Promise<Map<string, unknown>> {
  const published = await Promise.all(
    some.flatMap((contract) =>
      samples(arbitraryOf(contract.message), each).map(async (input) => {
        const { entryId, message } = await publish(bench.redis, contract, input, { params });
        expect(message).toMatchObject(storable(input));
        return [`${streamName(contract, params)} ${entryId}`, message] as const;
      }),
    ),
  );
  return new Map(published);
}

function consume(
  contract: QueueContract,
  handler: Parameters<typeof runConsumer>[0]['handler'],
  retry = {},
): RunningConsumer {
  const many = { concurrency: 100, prefetch: 200 };
  const names = { consumer: 'reader', service: 'test' };
  return runConsumer({ redisUrl: bench.server.url, contract, params, ...names, ...many, retry, handler });
}

/** Adds entries and consumes them: each is handled once or dead-lettered whole, and a good message still arrives. */
async function expectNothingIsLost(entries: readonly Flat[]) {
  const pipeline = bench.redis.pipeline();
  for (const flat of entries) pipeline.xadd(STREAM, '*', ...flat);
  const ids = ((await pipeline.exec()) ?? []).map(([error, id]) => {
    if (error) throw error;
    return id as string;
  });
  const handled = new Map<string, number>();
  let good = false;
  bench.consume(
    async (message, { entryId }) => {
      if (message.task_id === 'the good one after all') good = true;
      else handled.set(entryId, (handled.get(entryId) ?? 0) + 1);
    },
    { concurrency: 50, prefetch: 200 },
  );
  await waitFor('an empty stream', async () => (await bench.redis.xlen(STREAM)) === 0);
  await bench.add('the good one after all');
  await waitFor('the good one', () => good);
  const dead = await bench.deadLetters();
  const deadIds = dead.map(({ context }) => context.entry_id as string);
  expect([...handled.keys(), ...deadIds].sort()).toEqual([...ids].sort());
  expect([...handled.values()].every((times) => times === 1)).toBe(true);
  const byId = new Map(ids.map((id, i) => [id, entries[i] as Flat]));
  for (const { original, context } of dead) {
    expect(context).toMatchObject({ error: expect.stringMatching(/./), code: expect.stringMatching(/^[a-z_]+$/) });
    expect(bytesOf(original), `${context.code}: ${context.error}`).toEqual(
      keptAs(byId.get(context.entry_id as string)),
    );
  }
  return { handled: handled.size, dead };
}

/** The bytes that a dead letter stands for. */
function bytesOf(original: Record<string, string>): string[] {
  return Object.entries(original)
    .map(([name, value]) => {
      const binary = name.endsWith(';base64');
      const plain = binary ? name.slice(0, -';base64'.length) : name;
      const [, encoded, number = ''] = /^base64,([^#]*)(#\d+)?$/.exec(plain) ?? [];
      const key = encoded === undefined ? plain : Buffer.from(encoded, 'base64');
      return `${Buffer.concat([Buffer.from(key), Buffer.from(number)]).toString('hex')} ${Buffer.from(value, binary ? 'base64' : 'utf8').toString('hex')}`;
    })
    .sort();
}

/** The same of the entry itself; a name that comes again is kept with its number. */
function keptAs(flat: Flat = []): string[] {
  const count = new Map<string, number>();
  const pairs: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = Buffer.from(flat[i] as string).toString('hex');
    const times = (count.get(name) ?? 0) + 1;
    count.set(name, times);
    const kept = times === 1 ? name : `${name}${Buffer.from(`#${times}`).toString('hex')}`;
    pairs.push(`${kept} ${Buffer.from(flat[i + 1] as string).toString('hex')}`);
  }
  return pairs.sort();
}

function pairsOf<T extends string | Buffer>(name: Arbitrary<T>, value: Arbitrary<T>): Arbitrary<Flat> {
  return fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 6 }).map((pairs) => pairs.flat());
}

function unknownFields(count: number): string[] {
  return Array.from({ length: count }, (_, i) => [`field${i}`, 'x']).flat();
}

function knownName(): Arbitrary<string> {
  const names = ['data', 'version', 'request_id', 'task_id', 'project_id', 'user_id', 'timestamp', 'attempt'];
  return fc.constantFrom(...names, '', '__proto__', 'constructor', 'toString');
}

function spliced(target: Buffer, noise: Buffer, at: number): Buffer {
  const where = at % target.length;
  return Buffer.concat([target.subarray(0, where), noise, target.subarray(where)]);
}

/** The document with a field missing or of another value. */
function withOneChange(document: Document, at: number, value: unknown): Document {
  const name = Object.keys(document)[at % Object.keys(document).length] as string;
  const { [name]: _, ...others } = document;
  return at % 3 === 0 ? others : { ...document, [name]: value };
}

/** What base64 makes of a text that stands so many bytes after a multiple of three, without what its neighbours change. */
function base64Inside(text: string, shift: number): string {
  return Buffer.from(`${'x'.repeat(shift)}${text}`)
    .toString('base64')
    .replace(/=+$/, '')
    .slice(shift ? 4 : 0, -4);
}
