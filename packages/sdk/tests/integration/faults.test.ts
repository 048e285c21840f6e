import { engineeringQueue, taskProgress } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { publish } from '../../src/queue/index.js';
import { type Bench, DLQ, GROUP, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const drained = async () => (await bench.redis.xlen(STREAM)) === 0;

describe('a Redis that is full', () => {
  afterEach(() => bench.redis.config('SET', 'maxmemory', '0'));

  test('takes no copy of a poison message, so it stays pending; with room again it is copied, then gone', async () => {
    bench.consume(async () => undefined);
    await bench.redis.xadd(STREAM, '*', 'data', 'poison');
    await waitFor('the first dead letter', async () => (await bench.redis.xlen(DLQ)) === 1);
    // Nothing runs while both commands are on their way: the message is there, and there is no room for its copy.
    await bench.redis.multi().xadd(STREAM, '*', 'data', 'poison too').config('SET', 'maxmemory', '1').exec();
    await waitFor('a warning', () =>
      bench.logged.some(
        ({ message, bindings }) => message.includes('stays pending') && /OOM/.test(String(bindings.error)),
      ),
    );
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM), await bench.redis.xlen(DLQ)]).toEqual([
      1, 1, 1,
    ]);
    await bench.redis.config('SET', 'maxmemory', '0');
    await waitFor('the second dead letter', async () => (await bench.redis.xlen(DLQ)) === 2);
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM)]).toEqual([0, 0]);
    expect((await bench.deadLetters())[1]?.original).toEqual({ data: 'poison too' });
  });
});

describe('attempts', () => {
  test('are counted in the message: a crash in a later try changes nothing', async () => {
    const attempts: number[] = [];
    const first = bench.consume(
      async (_, { attempt }) => {
        attempts.push(attempt);
        throw new Error('not now');
      },
      { retry: { transient: [50, 60_000] } },
    );
    await bench.add('one');
    await waitFor('the second try to fail', async () => attempts.length === 2);
    await waitFor('the third to be due later', () => bench.redis.zcard(`{${STREAM}}:delayed`));
    await first.stop();
    const [member] = await bench.redis.zrange(`{${STREAM}}:delayed`, '0', '0');
    await bench.redis.zadd(`{${STREAM}}:delayed`, 1, member as string);

    const doomed = bench.consumeInProcess('die', { consumer: 'doomed', leaseMs: 300 });
    await waitFor('the crash', () => doomed.child.signalCode === 'SIGKILL');
    bench.consume(async (_, { attempt }) => void attempts.push(attempt), { leaseMs: 300 });
    await waitFor('the end', drained);
    expect(attempts).toEqual([1, 2, 3]);
  });
});

describe('trimming', () => {
  const progress = { type: 'progress' as const, request_id: 'r', task_id: 't', message: 'works' };
  const params = { task_id: 't' };
  const key = 'task_progress:t';

  test('keeps a progress stream of 5,000 events at about its limit, and each event renews its expiry', async () => {
    for (let batch = 0; batch < 5; batch += 1) {
      await Promise.all(Array.from({ length: 1000 }, () => publish(bench.redis, taskProgress, progress, { params })));
    }
    const most = taskProgress.maxLength as number;
    const length = await bench.redis.xlen(key);
    expect(length).toBeGreaterThanOrEqual(most);
    // Redis trims whole nodes of 100 entries.
    expect(length).toBeLessThan(most + 200);
    await bench.redis.expire(key, 60);
    await publish(bench.redis, taskProgress, { ...progress, message: 'the last' }, { params });
    expect(await bench.redis.ttl(key)).toBeGreaterThan((taskProgress.expiresSeconds as number) - 60);
    const [[, fields]] = (await bench.redis.xrevrange(key, '+', '-', 'COUNT', 1)) as [[string, string[]]];
    expect(fields[1]).toContain('the last');
  });

  test('never takes an entry of a work queue, be it waiting or pending', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    const first = await bench.add('first');
    await bench.redis.xreadgroup('GROUP', GROUP, 'slow', 'COUNT', 1, 'STREAMS', STREAM, '>');
    const message = { task_id: 't', project_id: 'p', user_id: 0 };
    await Promise.all(Array.from({ length: 5000 }, () => publish(bench.redis, engineeringQueue, message)));
    expect(await bench.redis.xlen(STREAM)).toBe(5001);
    expect(await bench.redis.xrange(STREAM, first, first)).toHaveLength(1);
    expect(await bench.redis.ttl(STREAM)).toBe(-1);
  });
});
