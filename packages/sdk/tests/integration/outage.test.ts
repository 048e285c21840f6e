import { setTimeout as sleep } from 'node:timers/promises';
import { engineeringQueue } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { closeRedis, connectRedis, publish, queueStats } from '../../src/queue/index.js';
import { type Bench, openBench, STREAM } from '../bench.js';

const task = { task_id: 'one', project_id: 'p', user_id: 0 };

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe('Redis killed and started again', () => {
  test('loses no entry with AOF, and consumers go on', async () => {
    const seen: string[] = [];
    bench.consume(
      async (message) => {
        await sleep(2);
        seen.push(message.task_id);
      },
      { prefetch: 20 },
    );
    await Promise.all(Array.from({ length: 300 }, (_, i) => bench.add(String(i))));
    await waitFor('some', () => seen.length > 50);
    await sleep(1100); // AOF everysec: what was added is on disk
    const before = seen.length;
    await bench.server.kill();
    await sleep(500);
    await bench.server.restart();
    await waitFor('the rest', async () => (await bench.redis.xlen(STREAM)) === 0, { timeoutMs: 20_000 });
    expect(new Set(seen).size).toBe(300);
    expect(before).toBeGreaterThan(50);
  });

  test('while a handler runs, the handler is not run again and its completion counts', async () => {
    let runs = 0;
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    for (const name of ['a', 'b']) {
      bench.consume(
        async () => {
          runs += 1;
          await held;
        },
        { consumer: name, leaseMs: 600 },
      );
    }
    await bench.add('one');
    await waitFor('the start', () => runs);
    await sleep(1200);
    await bench.server.kill();
    end(); // ends while Redis is away: the acknowledgement has to wait
    await sleep(1500);
    await bench.server.restart();
    await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0);
    expect(runs).toBe(1);
  });

  test('leaves owners the time to renew leases that ran out meanwhile, even those who come back later', async () => {
    const leaseMs = 4000;
    const owner = bench.consumeInProcess('hang', { consumer: 'owner', leaseMs });
    await owner.said('ready');
    await bench.add('one');
    await owner.said('started one');
    let runs = 0;
    const handler = async () => {
      runs += 1;
    };
    await bench.consume(handler, { leaseMs }).ready;
    await bench.server.kill();
    await sleep(leaseMs);
    owner.child.kill('SIGSTOP');
    await bench.server.restart();
    await waitFor('the peer to be back', () => bench.logged.some((line) => line.message === 'Redis is back'));
    // Longer than the peer takes to look again, shorter than it leaves to owners.
    await sleep(1200);
    owner.child.kill('SIGCONT');
    await sleep(1500);
    expect(runs).toBe(0);
  });

  test('without its data finds group and stream made again', async () => {
    await bench.close();
    bench = await openBench(['--appendonly', 'no']);
    const seen: string[] = [];
    const consumer = bench.consume(async (message) => void seen.push(message.task_id));
    await consumer.ready;
    await bench.add('before');
    await waitFor('the first', () => seen.includes('before'));
    await bench.server.kill();
    await bench.server.restart();
    await bench.add('after');
    await waitFor('the second', () => seen.includes('after'));
    await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0);
  });
});

describe('FLUSHALL', () => {
  test('under a waiting consumer: the group is made again, what comes is handled', async () => {
    const seen: string[] = [];
    const consumer = bench.consume(async (message) => void seen.push(message.task_id));
    await consumer.ready;
    await sleep(100);
    await bench.redis.flushall();
    await bench.add('after');
    await waitFor('the message', () => seen.includes('after'), { timeoutMs: 3000 });
    expect(bench.logged.some(({ message }) => message.includes('made again'))).toBe(true);
  });

  test('under a running handler: its signal is aborted, its completion refused, the same task handled anew', async () => {
    const signals: AbortSignal[] = [];
    bench.consume(
      async (_, { signal }) => {
        signals.push(signal);
        if (signals.length === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      { leaseMs: 300 },
    );
    await bench.add('one');
    await waitFor('the start', () => signals.length);
    await bench.redis.flushall();
    await bench.add('one');
    await waitFor('the second run', () => signals.length === 2);
    expect(signals[0]?.aborted).toBe(true);
    await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0);
  });
});

describe('with Redis away', () => {
  test('publish fails within about five seconds, and says that trying again may help', async () => {
    await bench.server.kill();
    const startedAt = Date.now();
    const failure = publish(bench.redis, engineeringQueue, task);
    await expect(failure).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true, exitCode: 75 });
    expect(Date.now() - startedAt).toBeLessThan(6000);
    await expect(queueStats(bench.redis, engineeringQueue)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await bench.server.restart();
  });

  test('the URL’s password is in no error and no log', async () => {
    const lines: string[] = [];
    const record = (bindings: object, message: string) => void lines.push(JSON.stringify(bindings) + message);
    const url = `redis://:very-secret@127.0.0.1:${bench.server.port}`;
    await bench.server.kill();
    const redis = connectRedis(url, { logger: { debug: record, info: record, warn: record, error: record } });
    const failure = (await publish(redis, engineeringQueue, task).catch((error) => error)) as Error;
    await closeRedis(redis);
    await bench.server.restart();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join() + failure.stack + String(failure.cause)).not.toContain('very-secret');
    expect(() => connectRedis('very-secret@nowhere')).toThrow(/^The Redis URL is not valid/);
  });

  test('a consumer started early begins when Redis comes', async () => {
    await bench.server.kill();
    const seen: string[] = [];
    const consumer = bench.consume(async (message) => void seen.push(message.task_id));
    await sleep(1500);
    await bench.server.restart();
    await consumer.ready;
    await bench.add('one');
    await waitFor('the message', () => seen.length);
  });

  test('many handlers that end keep waiting without a warning of Node’s', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    let ends: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      ends = resolve;
    });
    let runs = 0;
    bench.consume(
      async () => {
        runs += 1;
        await held;
      },
      { concurrency: 40, leaseMs: 30_000 },
    );
    await Promise.all(Array.from({ length: 40 }, (_, i) => bench.add(String(i))));
    await waitFor('all to start', () => runs === 40);
    await sleep(1100);
    await bench.server.kill();
    ends();
    await sleep(6000);
    await bench.server.restart();
    await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0);
    process.off('warning', onWarning);
    expect([runs, warnings.map(({ name }) => name)]).toEqual([40, []]);
  });
});

describe('a frozen Redis', () => {
  test('that answers nothing for a while is survived', async () => {
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id), { leaseMs: 1000 });
    await bench.add('one');
    await waitFor('the first', () => seen.includes('one'));
    process.kill(bench.server.pid, 'SIGSTOP');
    const failure = publish(bench.redis, engineeringQueue, task);
    await expect(failure).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    process.kill(bench.server.pid, 'SIGCONT');
    await bench.add('two');
    await waitFor('the second', () => seen.includes('two'), { timeoutMs: 20_000 });
  });
});

test('a Redis that may lose what it holds is warned of, once a process, and another one is not', async () => {
  const warned = () => bench.logged.filter(({ message }) => /^Redis on /.test(message)).map(({ message }) => message);
  await bench.consume(async () => undefined).ready;
  expect(warned()).toEqual([]);
  await bench.close();
  bench = await openBench(['--appendonly', 'no', '--maxmemory-policy', 'volatile-lru']);
  for (let n = 0; n < 2; n += 1) await bench.consume(async () => undefined).ready;
  expect(warned()).toEqual([
    expect.stringMatching(/127\.0\.0\.1:\d+ runs without appendonly: .* Set appendonly yes\.$/),
    expect.stringMatching(
      / drops keys when it is full \(maxmemory-policy volatile-lru\): .* Set maxmemory-policy noeviction\.$/,
    ),
  ]);
});
