import {
  type EntryFields,
  type QueueContract,
  queues,
  taskEvents,
  workerCommands,
  workerResponses,
} from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { readFixture } from '../../../contracts/tests/fixtures.js';
import { type ConsumerOptions, type RunningConsumer, runConsumer } from '../../src/consumer/index.js';
import { PermanentError, TransientError } from '../../src/errors.js';
import { publish, type ReadLogOptions, readLog } from '../../src/queue/index.js';
import { type Bench, openBench } from '../bench.js';

interface Vector {
  model: string;
  form: string;
  entry: EntryFields;
  json: Record<string, unknown>;
}
const vectors = readFixture<Vector[]>('vectors/legacy-entries.json');

const COMMANDS = 'cli-agent:commands';
const RESPONSES = 'cli-agent:responses';

let bench: Bench;
let running: RunningConsumer[] = [];
beforeAll(async () => {
  bench = await openBench();
});
afterEach(async () => {
  await Promise.all(running.map((consumer) => consumer.stop()));
  running = [];
  await bench.reset();
});
afterAll(() => bench.close());

const deletion = (requestId: string) => ({ command: 'delete' as const, request_id: requestId, worker_id: 'w-1' });
const forms: Record<string, (document: object) => string[]> = {
  wrapped: (document) => ['data', JSON.stringify({ version: '1', correlation_id: 'c', ...document })],
  'wrapped, before versions': (document) => ['data', JSON.stringify(document)],
  flat: (document) =>
    Object.entries(document).flatMap(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
};

describe('the legacy stream of a work queue', () => {
  test.each(vectors)('is read: $model, $form', async ({ model, entry, json }) => {
    const contract = { ...contractOf(model), legacyStreams: ['cli-agent:old'] };
    const seen: unknown[] = [];
    consume(contract, async (message, { stream }) => void seen.push([stream, message]));
    await bench.redis.xadd('cli-agent:old', '*', ...Object.entries(entry).flat());
    await waitFor('the message', () => seen.length);
    expect(seen).toEqual([['cli-agent:old', expect.objectContaining(json)]]);
  });

  test('is read beside the new one into the same handler, each in its order', async () => {
    const seen: string[] = [];
    consume(workerCommands, async ({ request_id }, { stream }) => void seen.push(`${stream} ${request_id}`));
    const numbers = Array.from({ length: 200 }, (_, i) => String(i));
    for (const [i, number] of numbers.entries()) {
      const form = Object.values(forms)[i % 3] as (typeof forms)[string];
      const { worker_id: agent_id, ...rest } = deletion(number);
      void bench.redis.xadd(COMMANDS, '*', ...form({ ...rest, agent_id }));
      void publish(bench.redis, workerCommands, deletion(number));
    }
    await waitFor('all of them', () => seen.length >= 400);
    for (const stream of [COMMANDS, workerCommands.stream]) {
      expect(seen.filter((one) => one.startsWith(stream))).toEqual(numbers.map((number) => `${stream} ${number}`));
    }
    await waitFor('empty streams', async () => (await bench.redis.xlen(COMMANDS)) === 0);
  });

  test('is left alone when told so', async () => {
    const seen: string[] = [];
    consume(workerCommands, async ({ request_id }) => void seen.push(request_id), { readLegacy: false });
    await bench.redis.xadd(COMMANDS, '*', ...Object.entries(deletion('old')).flat());
    await publish(bench.redis, workerCommands, deletion('new'));
    await waitFor('the new one', async () => (await bench.redis.xlen(workerCommands.stream)) === 0);
    expect([seen, await bench.redis.xlen(COMMANDS)]).toEqual([['new'], 1]);
  });

  test.each(Object.keys(forms))('has its retries in the new one: %s', async (form) => {
    const seen: unknown[] = [];
    consume(
      workerCommands,
      async (message, { stream, attempt }) => {
        seen.push([stream, attempt, 'worker_id' in message && message.worker_id]);
        if (attempt === 1) throw new TransientError('away');
      },
      { retry: { transient: [20] } },
    );
    const { worker_id: agent_id, ...rest } = deletion('r-1');
    await bench.redis.xadd(COMMANDS, '*', ...(forms[form]?.({ ...rest, agent_id }) ?? []));
    await waitFor('the second try', () => seen.length === 2);
    expect(seen).toEqual([
      [COMMANDS, 1, 'w-1'],
      [workerCommands.stream, 2, 'w-1'],
    ]);
    await waitFor('the end', async () => (await bench.redis.xlen(workerCommands.stream)) === 0);
    expect(await bench.redis.xlen(COMMANDS)).toBe(0);
  });

  test('has its dead letters in those of the new one', async () => {
    consume(workerCommands, async () => {
      throw new PermanentError('no');
    });
    const flat = Object.entries(deletion('r-1')).flat();
    const entryId = await bench.redis.xadd(COMMANDS, '*', ...flat);
    const [letter] = await waitFor('the dead letter', async () => {
      const letters = await bench.redis.xrange(`${workerCommands.stream}:dlq`, '-', '+');
      return letters.length > 0 && letters;
    });
    const [, original, , context] = letter?.[1] ?? [];
    expect(JSON.parse(original as string)).toEqual(deletion('r-1'));
    expect(JSON.parse(context as string)).toMatchObject({ entry_id: entryId, code: 'permanent' });
  });
});

describe('the legacy stream of a log', () => {
  const response = (requestId: string) => ({ request_id: requestId, success: true });

  test.each(vectors)('is read: $model, $form', async ({ model, entry, json }) => {
    const { group: _, ...contract } = contractOf(model);
    const log: QueueContract = { ...contract, kind: 'log', legacyStreams: ['cli-agent:old'] };
    const entryId = await bench.redis.xadd('cli-agent:old', '*', ...Object.entries(entry).flat());
    for await (const item of read({ from: '0' }, log)) {
      expect(item).toEqual({ stream: 'cli-agent:old', entryId, message: expect.objectContaining(json) });
      break;
    }
  });

  test('is read beside the new one, each in its order, in all forms', async () => {
    const numbers = Array.from({ length: 300 }, (_, i) => String(i));
    for (const [i, number] of numbers.entries()) {
      const form = Object.values(forms)[i % 3] as (typeof forms)[string];
      void bench.redis.xadd(RESPONSES, '*', ...form({ ...response(number), agent_id: `w-${number}` }));
      void publish(bench.redis, workerResponses, { ...response(number), worker_id: `w-${number}` });
    }
    const seen: string[] = [];
    for await (const { stream, message } of read({ from: '0' })) {
      expect(message.worker_id).toBe(`w-${message.request_id}`);
      if (seen.push(`${stream} ${message.request_id}`) === 600) break;
    }
    for (const stream of [RESPONSES, workerResponses.stream]) {
      expect(seen.filter((one) => one.startsWith(stream))).toEqual(numbers.map((number) => `${stream} ${number}`));
    }
  });

  test('is left alone when told so', async () => {
    await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response('old')));
    await publish(bench.redis, workerResponses, response('new'));
    expect(await firstOf({ from: '0', readLegacy: false }, 1)).toEqual(['new']);
  });

  test('begins where it is told, by an id of its own', async () => {
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      ids.push((await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response(`old ${name}`)))) as string);
    }
    const { entryId } = await publish(bench.redis, workerResponses, response('read'));
    await publish(bench.redis, workerResponses, response('new'));
    const from = { from: entryId, legacyFrom: { [RESPONSES]: ids[0] as string } };
    expect((await firstOf(from, 3)).sort()).toEqual(['new', 'old b', 'old c']);
    expect((await firstOf({ from: entryId, legacyFrom: { [RESPONSES]: '0' } }, 4)).sort()).toEqual([
      'new',
      'old a',
      'old b',
      'old c',
    ]);
  });

  test.each(['$', 'an id'])('begins with what comes from now on, where the new one is read from %s', async (where) => {
    await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response('before')));
    const { entryId } = await publish(bench.redis, workerResponses, response('before'));
    const reading = firstOf({ from: where === '$' ? '$' : entryId }, 2);
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response('old')));
    await publish(bench.redis, workerResponses, response('new'));
    expect((await reading).sort()).toEqual(['new', 'old']);
  });

  test('goes on where it was over a restart of Redis', async () => {
    const reading = firstOf({ from: '$' }, 4);
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response('old 1')));
    await publish(bench.redis, workerResponses, response('new 1'));
    await bench.server.restart();
    await bench.redis.xadd(RESPONSES, '*', ...forms.flat!(response('old 2')));
    await publish(bench.redis, workerResponses, response('new 2'));
    expect((await reading).sort()).toEqual(['new 1', 'new 2', 'old 1', 'old 2']);
  });

  test('leaves no connection behind, whether the reader is left or aborted', async () => {
    await publish(bench.redis, workerResponses, response('new'));
    const startedAt = Date.now();
    await firstOf({ from: '0' }, 1);
    const stop = new AbortController();
    const reading = firstOf({ from: '$', signal: stop.signal }, 1);
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    stop.abort();
    expect(await reading).toEqual([]);
    await waitFor('the end', async () => !/cmd=xread /.test(String(await bench.redis.client('LIST'))));
    expect(Date.now() - startedAt).toBeLessThan(2500);
  });

  async function firstOf(options: Partial<ReadLogOptions> & { from: string }, count: number): Promise<string[]> {
    const seen: string[] = [];
    for await (const { message } of read(options)) {
      if (seen.push(message.request_id) === count) break;
    }
    return seen;
  }

  function read<C extends QueueContract = typeof workerResponses>(
    options: Partial<ReadLogOptions> & { from: string },
    contract: C = workerResponses as QueueContract as C,
  ) {
    return readLog(bench.redis, contract, { signal: new AbortController().signal, ...options });
  }
});

function contractOf(model: string): QueueContract {
  return queues.find((queue) => queue.model === model) ?? taskEvents;
}

function consume<C extends QueueContract>(
  contract: C,
  handler: ConsumerOptions<C>['handler'],
  options: Partial<ConsumerOptions<C>> = {},
): void {
  const names = { consumer: 'reader', service: 'test' };
  running.push(
    runConsumer<C>({ redisUrl: bench.server.url, contract, ...names, deadlineMs: 200, ...options, handler }),
  );
}
