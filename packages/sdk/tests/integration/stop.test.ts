import { setTimeout as sleep } from 'node:timers/promises';
import { scaffolderResults } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { type Bench, GROUP, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

async function timed(work: Promise<unknown>): Promise<number> {
  const startedAt = Date.now();
  await work;
  return Date.now() - startedAt;
}

describe('stop', () => {
  test('ends an idle consumer at once and leaves no trace of it', async () => {
    const consumer = bench.consume(async () => undefined);
    await consumer.ready;
    await sleep(100);
    expect(await timed(consumer.stop())).toBeLessThan(400);
    await consumer.done;
    expect(await bench.redis.xinfo('CONSUMERS', STREAM, GROUP)).toEqual([]);
  });

  test('lets a running handler end, and takes nothing new', async () => {
    const ended: string[] = [];
    let started = false;
    const consumer = bench.consume(
      async (message) => {
        started = true;
        await sleep(500);
        ended.push(message.task_id);
      },
      { deadlineMs: 5000, prefetch: 3 },
    );
    await bench.add('one');
    await bench.add('two');
    await waitFor('both held', async () => started && (await bench.pendingCount()) === 2);
    await consumer.stop();
    expect(ended).toEqual(['one']);
    // The second was held but had not begun: a peer takes it at once, not after the lease.
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id), { leaseMs: 1000 });
    await waitFor('the second', () => seen.includes('two'), { timeoutMs: 600 });
  });

  test('aborts handlers at the deadline; a peer takes their message without a burnt attempt', async () => {
    const reasons: unknown[] = [];
    let started = false;
    const consumer = bench.consume(
      async (_, { signal }) => {
        started = true;
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
      { deadlineMs: 200, leaseMs: 60_000 },
    );
    await bench.add('one');
    await waitFor('the start', () => started);
    const tookMs = await timed(consumer.stop());
    expect(tookMs).toBeGreaterThanOrEqual(190);
    expect(tookMs).toBeLessThan(1000);
    bench.consume(async (_, { attempt }) => void reasons.push(attempt), { leaseMs: 60_000 });
    await waitFor('the peer', () => reasons.length, { timeoutMs: 1500 });
    expect(reasons).toEqual([1]);
  });

  test('again and again does not make a message look deadly', async () => {
    const attempts: number[] = [];
    for (let restarts = 0; restarts < 4; restarts += 1) {
      const consumer = bench.consume(
        async (_, { signal, attempt }) => {
          attempts.push(attempt);
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
        { deadlineMs: 20, maxTakeovers: 1 },
      );
      if (restarts === 0) await bench.add('one');
      await waitFor('the next run', () => attempts.length === restarts + 1);
      await consumer.stop();
    }
    expect(attempts).toEqual([1, 1, 1, 1]);
    expect(await bench.deadLetters()).toEqual([]);
  });

  test('does not wait for a handler that ignores the deadline; its message stays pending', async () => {
    const consumer = bench.consume(() => new Promise(() => undefined), { deadlineMs: 100 });
    await bench.add('one');
    await waitFor('the start', async () => (await bench.pendingCount()) === 1);
    expect(await timed(consumer.stop())).toBeLessThan(2000);
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM)]).toEqual([1, 1]);
  });

  test('called twice is one stop', async () => {
    const consumer = bench.consume(async () => undefined);
    expect(consumer.stop()).toBe(consumer.stop());
    await consumer.stop();
    await expect(consumer.ready).rejects.toThrow('stopped before it was ready');
  });

  test('ends with Redis away too', async () => {
    const own = await openBench();
    const consumer = own.consume(async () => undefined);
    await consumer.ready;
    await own.server.kill();
    await sleep(300);
    expect(await timed(consumer.stop())).toBeLessThan(3000);
    await own.server.restart();
    await own.close();
  });

  test('does not wait for a Redis that is frozen', async () => {
    const own = await openBench();
    const consumer = own.consume(async () => undefined);
    await consumer.ready;
    process.kill(own.server.pid, 'SIGSTOP');
    try {
      expect(await timed(consumer.stop())).toBeLessThan(8000);
    } finally {
      process.kill(own.server.pid, 'SIGCONT');
      await own.close();
    }
  });
});

describe('a dozen idle consumers', () => {
  test('ask Redis little', async () => {
    const consumers = Array.from({ length: 12 }, (_, i) =>
      runConsumer({
        redisUrl: bench.server.url,
        contract: scaffolderResults,
        consumer: `idle-${i}`,
        service: 'test',
        handler: async () => undefined,
      }),
    );
    await Promise.all(consumers.map(({ ready }) => ready));
    await sleep(1000);
    const count = async () => Number(/total_commands_processed:(\d+)/.exec(await bench.redis.info('stats'))?.[1]);
    const before = await count();
    await sleep(4000);
    const perSecond = ((await count()) - before) / 4;
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    // Each looks for due entries somewhat more than once a second; a script counts its own commands too.
    expect(perSecond).toBeLessThan(12 * 4);
  });
});
