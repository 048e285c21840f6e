import { setTimeout as sleep } from 'node:timers/promises';
import { ansibleDeployResults, engineeringQueue } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { PermanentError } from '../../src/errors.js';
import { closeRedis, connectRedis, publish, replayDeadLetters } from '../../src/queue/index.js';
import { type Bench, DLQ, openBench, STREAM } from '../bench.js';
import { type SwallowingProxy, swallowReplies } from '../support/swallow-reply.js';

let bench: Bench;
let proxy: SwallowingProxy;
beforeAll(async () => {
  bench = await openBench();
  proxy = await swallowReplies(bench.server.port);
});
afterEach(() => bench.reset());
afterAll(async () => {
  await proxy.close();
  await bench.close();
});

const windowMs = 60_000;
const message = (taskId: string) => ({ task_id: taskId, project_id: 'p', user_id: 0, request_id: `r-${taskId}` });
const drained = async () => (await bench.redis.xlen(STREAM)) + (await bench.redis.zcard(`{${STREAM}}:delayed`)) === 0;

describe('a publish whose reply is lost', () => {
  test('adds the entry twice, and a consumer of idempotency has one effect', async () => {
    const redis = connectRedis(proxy.url);
    proxy.swallowReplyTo('r-lost');
    await publish(redis, engineeringQueue, message('lost'));
    await closeRedis(redis);
    expect([proxy.swallowed > 0, await bench.redis.xlen(STREAM)]).toEqual([true, 2]);
    const seen: string[] = [];
    const options = { idempotency: { windowMs }, concurrency: 2 };
    const consumer = bench.consume(async ({ task_id }) => void seen.push(task_id), options);
    await waitFor('the end', async () => seen.length > 0 && (await drained()));
    expect(seen).toEqual(['lost']);
    await expect.poll(() => consumer.metrics()).toMatchObject({ handled: 1, skipped: 1 });
    expect(bench.logged.filter(({ bindings }) => bindings.skipped)).toMatchObject([
      { level: 'info', bindings: { request_id: 'r-lost', entry_id: expect.any(String) } },
    ]);
  });

  test('adds one entry with dedupe, and says which', async () => {
    const redis = connectRedis(proxy.url);
    await publish(redis, engineeringQueue, message('first'), { dedupe: { windowMs } });
    const before = proxy.swallowed;
    proxy.swallowReplyTo('r-deduped');
    const { entryId } = await publish(redis, engineeringQueue, message('deduped'), { dedupe: { windowMs } });
    await closeRedis(redis);
    expect(proxy.swallowed).toBeGreaterThan(before);
    const entries = await bench.redis.xrange(STREAM, '-', '+');
    expect(entries.map(([id]) => id)).toEqual([expect.any(String), entryId]);
  });
});

describe('a request', () => {
  test('whose second entry comes while the first is handled waits, and burns no attempt', async () => {
    const runs: number[] = [];
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const options = { idempotency: { windowMs }, concurrency: 3 };
    bench.consume(async (_, { attempt }) => {
      runs.push(attempt);
      await ended;
      if (runs.length === 1) throw new PermanentError('the first one fails');
    }, options);
    for (let i = 0; i < 2; i += 1) await publish(bench.redis, engineeringQueue, message('one'));
    await waitFor('the second to wait', () => bench.redis.zcard(`{${STREAM}}:delayed`));
    await sleep(100);
    expect(runs).toEqual([1]);
    end();
    // The first has failed for good: the second is handled after all.
    await waitFor('the end', async () => runs.length === 2 && (await drained()));
    expect([runs, await bench.redis.xlen(DLQ)]).toEqual([[1, 1], 1]);
  });

  test('that fails and is tried again or replayed is handled until it succeeds, and then no more', async () => {
    let runs = 0;
    bench.consume(
      async () => {
        runs += 1;
        if (runs < 3) throw new Error('away');
        if (runs === 3) throw new PermanentError('no');
      },
      { idempotency: { windowMs }, retry: { transient: [20, 20] } },
    );
    await publish(bench.redis, engineeringQueue, message('one'));
    await waitFor('the letter', async () => (await bench.redis.xlen(DLQ)) === 1);
    await replayDeadLetters(bench.redis, engineeringQueue, { all: true });
    await waitFor('the success', async () => runs === 4 && (await drained()));
    await publish(bench.redis, engineeringQueue, message('one'));
    await waitFor('the end', drained);
    expect(runs).toBe(4);
  });

  test('is handled again after the window', async () => {
    let runs = 0;
    const handler = async () => {
      runs += 1;
    };
    bench.consume(handler, { idempotency: { windowMs: 30 } });
    await publish(bench.redis, engineeringQueue, message('one'));
    await waitFor('the first run', async () => runs === 1 && (await drained()));
    await sleep(60);
    await publish(bench.redis, engineeringQueue, message('one'));
    await waitFor('the second run', () => runs === 2);
  });

  test('leaves nothing behind that does not expire', async () => {
    bench.consume(async () => undefined, { idempotency: { windowMs } });
    await publish(bench.redis, engineeringQueue, message('one'), { dedupe: { windowMs } });
    await waitFor('the end', drained);
    const keys = (await bench.redis.keys('*')).filter((key) => key.includes('r-one')).toSorted();
    expect(keys).toEqual([`{${STREAM}}:published:r-one`, `{${STREAM}}:request:r-one`]);
    for (const key of keys) expect(await bench.redis.pttl(key)).toBeGreaterThan(0);
  });
});

describe('a queue whose messages have no request_id', () => {
  const contract = {
    ...ansibleDeployResults,
    kind: 'work',
    group: 'g',
    message: engineeringQueue.message.pick({ task_id: true }),
  };

  test('cannot tell them apart: TypeError at once', async () => {
    const options = { redisUrl: bench.server.url, consumer: 'c', service: 'test', handler: async () => undefined };
    const start = () => runConsumer({ ...options, contract: contract as never, idempotency: { windowMs } });
    expect(start).toThrow(TypeError);
    const published = publish(bench.redis, contract as never, { task_id: 't' } as never, { dedupe: { windowMs } });
    await expect(published).rejects.toThrow(TypeError);
  });
});
