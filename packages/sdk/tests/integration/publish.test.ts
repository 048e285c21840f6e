import { setTimeout as sleep } from 'node:timers/promises';
import {
  ansibleDeployResults,
  decodeEntry,
  deployResultKey,
  engineeringQueue,
  makeId,
  scaffolderResults,
  taskProgress,
  workerInputs,
  workerResponses,
} from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { answerOnce, recordedAnswer } from '../../src/consumer/index.js';
import { currentPosition, publish, queueStats, readLog, reportProgress } from '../../src/queue/index.js';
import { type Bench, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const task = { task_id: 't', project_id: 'p', user_id: 0 };
const progress = { type: 'progress' as const, request_id: 'r', task_id: 't', message: 'works' };

describe('publish', () => {
  test('adds one entry that holds the whole message', async () => {
    const { entryId, message } = await publish(bench.redis, engineeringQueue, task);
    const [entry] = await bench.redis.xrange(STREAM, '-', '+');
    expect(entry).toEqual([entryId, ['data', JSON.stringify(message)]]);
    expect(decodeEntry(engineeringQueue, { data: JSON.stringify(message) })).toMatchObject({ ok: true, message });
  });

  test('keeps the order of one tick, over many entries', async () => {
    const ids = Array.from({ length: 1300 }, (_, i) => String(i));
    const published = await Promise.all(
      ids.map((task_id) => publish(bench.redis, engineeringQueue, { ...task, task_id })),
    );
    const entries = await bench.redis.xrange(STREAM, '-', '+');
    expect(entries.map(([id]) => id)).toEqual(published.map(({ entryId }) => entryId));
    expect(entries.map(([, [, data]]) => JSON.parse(data as string).task_id)).toEqual(ids);
  });

  test('keeps the order of one tick among long and short messages', async () => {
    const ids = Array.from(
      { length: 12 },
      (_, i) => `${i} ${'x'.repeat(i % 4 === 0 ? 300_000 : i % 3 ? 10 : 100_000)}`,
    );
    await Promise.all(ids.map((task_id) => publish(bench.redis, engineeringQueue, { ...task, task_id })));
    const entries = await bench.redis.xrange(STREAM, '-', '+');
    expect(entries.map(([, [, data]]) => JSON.parse(data as string).task_id)).toEqual(ids);
  });

  test('fails as a whole where the stream is no stream, and adds again once it is one', async () => {
    await bench.redis.set(STREAM, 'text');
    const both = () => Promise.allSettled([1, 2].map(() => publish(bench.redis, engineeringQueue, task)));
    expect((await both()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await bench.redis.del(STREAM);
    expect((await both()).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  test('fills in the stream’s parameters', async () => {
    const params = { type: 'developer', worker_id: 'w-1' };
    await publish(bench.redis, workerInputs, { request_id: 'r', prompt: 'x' }, { params });
    expect(await bench.redis.xlen('worker:developer:w-1:input')).toBe(1);
  });

  test('refuses what does not fit, naming each field, and publishes nothing', async () => {
    const wrong = { task_id: 't', user_id: 'x' } as never;
    await expect(publish(bench.redis, engineeringQueue, wrong)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      retryable: false,
      details: [{ path: 'project_id' }, { path: 'user_id' }],
    });
    expect(await bench.redis.xlen(STREAM)).toBe(0);
  });

  test('fails for one entry of a batch alone', async () => {
    await bench.redis.set('in-the-way', 'x');
    const [good, bad] = await Promise.allSettled([
      publish(bench.redis, engineeringQueue, task),
      publish(bench.redis, engineeringQueue, task, { stream: 'in-the-way' }),
    ]);
    expect([good.status, bad.status]).toEqual(['fulfilled', 'rejected']);
  });

  test('caps a log and lets it expire, but never a work queue', async () => {
    const params = { task_id: 't' };
    for (let i = 0; i < 1500; i += 1) void publish(bench.redis, taskProgress, progress, { params });
    await Promise.all(Array.from({ length: 1500 }, () => publish(bench.redis, engineeringQueue, task)));
    const length = await bench.redis.xlen('task_progress:t');
    expect(length >= 1000 && length < 1200).toBe(true);
    expect(await bench.redis.ttl('task_progress:t')).toBeGreaterThan(86_000);
    expect([await bench.redis.xlen(STREAM), await bench.redis.ttl(STREAM)]).toEqual([1500, -1]);
  });
});

describe('reportProgress', () => {
  test('goes to task:events and to the callback stream', async () => {
    await reportProgress(bench.redis, { ...progress, callback_stream: 'task_progress:t' });
    const both = await Promise.all(['task:events', 'task_progress:t'].map((one) => bench.redis.xrange(one, '-', '+')));
    expect(both.map((entries) => JSON.parse(entries[0]?.[1][1] as string).message)).toEqual(['works', 'works']);
    expect(await bench.redis.ttl('task:events')).toBe(-1);
  });

  test('does without a callback stream, and with one that cannot be written', async () => {
    await bench.redis.set('task_progress:t', 'x');
    await reportProgress(bench.redis, { ...progress, callback_stream: null });
    await reportProgress(bench.redis, { ...progress, callback_stream: 'task_progress:t' });
    expect(await bench.redis.xlen('task:events')).toBe(2);
    expect([await bench.redis.get('task_progress:t'), await bench.redis.ttl('task_progress:t')]).toEqual(['x', -1]);
  });

  test('goes to a user’s stream too', async () => {
    const callback_stream = `task_progress:${makeId('user')}:my-tool`;
    await reportProgress(bench.redis, { ...progress, callback_stream });
    await waitFor('the event', async () => (await bench.redis.xlen(callback_stream)) === 1);
  });

  test.each([
    ...[STREAM, `${STREAM}:dlq`, 'worker:developer:w-1:input', `{${STREAM}}:delayed`, 'cli-agent:commands'],
    ...['orders', 'deploy:result:r', 'task_progress:another', 'task_progress:t:a:b', 'task_progress:', 'user_1:x'],
  ])('leaves %s alone, whatever a message names as its callback stream', async (callback_stream) => {
    await reportProgress(bench.redis, { ...progress, callback_stream });
    await reportProgress(bench.redis, progress);
    expect(await bench.redis.exists(callback_stream)).toBe(0);
    await bench.redis.xadd(callback_stream, '*', 'a', 'foreign');
    await reportProgress(bench.redis, { ...progress, callback_stream });
    await reportProgress(bench.redis, progress);
    expect([await bench.redis.xlen(callback_stream), await bench.redis.ttl(callback_stream)]).toEqual([1, -1]);
  });

  test('of a message that names a foreign stream is said once to go nowhere, and the message is handled', async () => {
    let handled = 0;
    bench.consume(async () => {
      handled += 1;
    });
    await publish(bench.redis, engineeringQueue, { ...task, callback_stream: 'orders' });
    await waitFor('the message', () => handled);
    const lines = bench.logged.filter(({ message }) => message.includes('no progress goes there'));
    expect(lines).toMatchObject([{ level: 'warn', bindings: { callback_stream: 'orders' } }]);
  });
});

describe('readLog', () => {
  const response = (request_id: string) => ({ request_id, success: true });

  test('reads what is there, then what comes, and goes on after the last id', async () => {
    await publish(bench.redis, workerResponses, response('1'));
    await bench.redis.xadd('worker:responses', '*', 'data', 'not JSON');
    const seen: string[] = [];
    let last = '';
    for await (const { entryId, message } of read('0')) {
      seen.push(message.request_id);
      last = entryId;
      if (seen.length === 1) void publish(bench.redis, workerResponses, response('2'));
      else break;
    }
    await publish(bench.redis, workerResponses, response('3'));
    for await (const { message } of read(last)) {
      seen.push(message.request_id);
      break;
    }
    expect(seen).toEqual(['1', '2', '3']);
  });

  test('from $ misses nothing that comes after the first read began, not even over a restart of Redis', async () => {
    await publish(bench.redis, workerResponses, response('before'));
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { message } of read('$', stop.signal)) seen.push(message.request_id);
    })();
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    await publish(bench.redis, workerResponses, response('1'));
    await waitFor('the first', () => seen.length === 1);
    await bench.server.restart();
    await publish(bench.redis, workerResponses, response('2'));
    await waitFor('the second', () => seen.length === 2);
    stop.abort();
    await reading;
    expect(seen).toEqual(['1', '2']);
  });

  test('ends when it is aborted in mid-wait, and closes its connection', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of read('$', stop.signal)) throw new Error('there is nothing to read');
    })();
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    const startedAt = Date.now();
    stop.abort();
    await reading;
    expect(Date.now() - startedAt).toBeLessThan(500);
    await waitFor('the end', async () => !/cmd=xread /.test(String(await bench.redis.client('LIST'))));
  });

  test.each([
    ['a position that is none', 'no id', async () => undefined],
    ['what is no stream', '0', (stream: string) => bench.redis.set(stream, 'text')],
  ])('%s is told at once, rather than tried for ever', async (_, from, prepare) => {
    const params = { task_id: 'refused' };
    await prepare('task_progress:refused');
    const reading = readLog(bench.redis, taskProgress, { params, from, signal: AbortSignal.timeout(20_000) }).next();
    await expect(reading).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  test('ends when it is aborted while Redis is away', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of read('0', stop.signal)) throw new Error('there is nothing to read');
    })();
    await waitFor('the reader', async () => /cmd=xread /.test(String(await bench.redis.client('LIST'))));
    await bench.server.kill();
    await sleep(700);
    const startedAt = Date.now();
    stop.abort();
    await reading;
    expect(Date.now() - startedAt).toBeLessThan(1500);
    await bench.server.restart();
  });

  function read(from: string, signal = new AbortController().signal) {
    return readLog(bench.redis, workerResponses, { from, signal });
  }
});

describe('currentPosition', () => {
  test('is the last id there ever was, 0-0 before the first', async () => {
    expect(await currentPosition(bench.redis, 'worker:responses')).toBe('0-0');
    const { entryId } = await publish(bench.redis, workerResponses, { request_id: '1', success: true });
    await bench.redis.xdel('worker:responses', entryId);
    expect(await currentPosition(bench.redis, 'worker:responses')).toBe(entryId);
  });
});

describe('answerOnce', () => {
  const answer = { request_id: 'r', status: 'success' as const, deployed_url: 'http://127.0.0.1:18000' };
  const key = deployResultKey('r');

  test('records the answer for an hour and publishes it', async () => {
    const contract = ansibleDeployResults;
    expect(await recordedAnswer({ redis: bench.redis, key, contract })).toBeUndefined();
    const { message, first } = await answerOnce({ redis: bench.redis, key, contract, message: answer });
    expect([first, message]).toEqual([true, expect.objectContaining(answer)]);
    expect(await recordedAnswer({ redis: bench.redis, key, contract })).toEqual(message);
    expect(await bench.redis.ttl(key)).toBeGreaterThan(3500);
  });

  test('publishes the first answer again, whatever comes later', async () => {
    const options = { redis: bench.redis, key, contract: ansibleDeployResults };
    await answerOnce({ ...options, message: answer });
    const again = await answerOnce({ ...options, message: { request_id: 'r', status: 'failed', error: 'late' } });
    expect(again).toMatchObject({ first: false, message: answer });
    const entries = await bench.redis.xrange('ansible:deploy:results', '-', '+');
    expect(entries.map(([, [, data]]) => JSON.parse(data as string).status)).toEqual(['success', 'success']);
  });

  test('has one winner among many at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        answerOnce({
          redis: bench.redis,
          key: 'k',
          contract: scaffolderResults,
          message: { request_id: 'r', status: 'success', project_id: 'p', files_generated: i },
        }),
      ),
    );
    expect(results.filter(({ first }) => first).length).toBe(1);
    expect(new Set(results.map(({ message }) => message.files_generated)).size).toBe(1);
  });
});

describe('queueStats', () => {
  test('tells waiting, pending, delayed and dead apart', async () => {
    expect(await queueStats(bench.redis, engineeringQueue)).toEqual({
      stream: STREAM,
      length: 0,
      waiting: 0,
      pending: 0,
      delayed: 0,
      deadLetters: 0,
      consumers: 0,
      oldestWaitingMs: null,
      oldestPendingMs: null,
    });
    const consumer = bench.consume(() => new Promise(() => undefined));
    await consumer.ready;
    await bench.add('running');
    await bench.add('waiting');
    await bench.add('waiting');
    await bench.redis.zadd(`{${STREAM}}:delayed`, Date.now() + 60_000, '{"fields":["data","{}"]}');
    await bench.redis.xadd(`${STREAM}:dlq`, '*', 'original_message', '{}');
    await waitFor('the first to run', async () => (await bench.pendingCount()) === 1);
    expect(await queueStats(bench.redis, engineeringQueue)).toMatchObject({
      length: 3,
      waiting: 2,
      pending: 1,
      delayed: 1,
      deadLetters: 1,
    });
  });
});
