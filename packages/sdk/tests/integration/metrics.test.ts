import { engineeringQueue, taskEvents } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { PermanentError, TransientError } from '../../src/errors.js';
import { queueStats } from '../../src/queue/index.js';
import { type Bench, GROUP, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const stats = () => queueStats(bench.redis, engineeringQueue);

/** Delivers entries to a consumer that is none of ours; gives their ids. */
async function deliver(count: number): Promise<string[]> {
  const reply = await bench.redis.xreadgroup('GROUP', GROUP, 'other', 'COUNT', count, 'STREAMS', STREAM, '>');
  const [[, entries]] = reply as [[string, [string, string[]][]]];
  return entries.map(([id]) => id);
}

describe('the figures of a queue', () => {
  const nothing = {
    stream: STREAM,
    length: 0,
    waiting: 0,
    pending: 0,
    delayed: 0,
    deadLetters: 0,
    consumers: 0,
    oldestWaitingMs: null,
    oldestPendingMs: null,
  };

  test('are nothing for a stream that is missing, and for an empty one', async () => {
    expect(await stats()).toEqual(nothing);
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    expect(await stats()).toEqual(nothing);
  });

  test('count everything as waiting before the group exists, and in a log', async () => {
    await bench.add('one');
    await bench.redis.xadd(taskEvents.stream, '*', 'data', '{}');
    expect(await stats()).toMatchObject({ length: 1, waiting: 1, pending: 0, consumers: 0 });
    expect(await queueStats(bench.redis, taskEvents)).toMatchObject({
      length: 1,
      waiting: 1,
      pending: 0,
      consumers: 0,
    });
  });

  test('are right after entries were deleted: waiting, pending and handled ones', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    const ids: string[] = [];
    for (const task of ['1', '2', '3', '4', '5', '6']) ids.push(await bench.add(task));
    const [first, second] = (await deliver(3)) as [string, string, string];
    await bench.redis.xdel(STREAM, ids[4] as string);
    expect(await stats()).toMatchObject({ length: 5, waiting: 2, pending: 3 });
    await bench.redis.xdel(STREAM, second);
    expect(await stats()).toMatchObject({ length: 4, waiting: 2, pending: 3 });
    await bench.redis.xack(STREAM, GROUP, first);
    await bench.redis.xdel(STREAM, first);
    expect(await stats()).toMatchObject({ length: 3, waiting: 2, pending: 2, consumers: 1 });
  });

  test('hold with more in work than are looked at one by one', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    await Promise.all(Array.from({ length: 1205 }, (_, i) => bench.add(String(i))));
    await deliver(1200);
    expect(await stats()).toMatchObject({ length: 1205, waiting: 5, pending: 1200 });
  });

  test('tell the ages of the oldest waiting and the oldest pending entry, by the clock of Redis', async () => {
    const [seconds, micros] = (await bench.redis.time()) as unknown as [number, number];
    const nowMs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    for (const ageMs of [90_000, 60_000, 30_000]) await bench.redis.xadd(STREAM, `${nowMs - ageMs}-0`, 'data', '{}');
    const [oldest] = await deliver(1);
    const both = await stats();
    for (const [age, least] of [
      [both.oldestPendingMs, 90_000],
      [both.oldestWaitingMs, 60_000],
    ] as const) {
      expect(age).toBeGreaterThanOrEqual(least);
      expect(age).toBeLessThan(least + 10_000);
    }
    await bench.redis.xack(STREAM, GROUP, oldest as string);
    expect((await stats()).oldestPendingMs).toBeNull();
  });
});

describe('the figures of a consumer', () => {
  const zero = {
    handled: 0,
    skipped: 0,
    failed: 0,
    retried: 0,
    deadLettered: 0,
    released: 0,
    takenOver: 0,
    refused: 0,
  };

  test('tell handled, failed, retried and dead-lettered apart', async () => {
    const consumer = bench.consume(
      async ({ task_id }, { attempt }) => {
        if (task_id === 'bad') throw new PermanentError('no');
        if (task_id === 'again' && attempt === 1) throw new TransientError('away');
      },
      { retry: { transient: [30] } },
    );
    expect(consumer.metrics()).toEqual({ ...zero, running: 0, held: 0 });
    for (const task of ['good', 'bad', 'again']) await bench.add(task);
    await bench.redis.xadd(STREAM, '*', 'data', 'nonsense');
    const done = { ...zero, handled: 2, failed: 2, retried: 1, deadLettered: 2, running: 0, held: 0 };
    await waitFor('the end', () => consumer.metrics().handled === 2 && consumer.metrics().held === 0);
    await expect.poll(() => consumer.metrics()).toEqual(done);
  });

  test('say what runs and what is held, and what was given back when it stopped', async () => {
    for (let i = 0; i < 5; i += 1) await bench.add(String(i));
    const consumer = bench.consume(
      (_, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      { concurrency: 2, prefetch: 5 },
    );
    await waitFor('all held', () => consumer.metrics().held === 5);
    expect(consumer.metrics()).toEqual({ ...zero, running: 2, held: 5 });
    await consumer.stop();
    expect(consumer.metrics()).toEqual({ ...zero, released: 5, running: 0, held: 0 });
  });

  test('count what was taken over from a dead consumer', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    await bench.add('one');
    await deliver(1);
    const consumer = bench.consume(async () => undefined, { leaseMs: 200 });
    await waitFor('the takeover', () => consumer.metrics().handled === 1);
    expect(consumer.metrics()).toMatchObject({ takenOver: 1, handled: 1, refused: 0 });
  });

  test('count what an earlier process of the same name left behind', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    await bench.add('one');
    await deliver(1);
    const consumer = bench.consume(async () => undefined, { consumer: 'other', leaseMs: 30_000 });
    await waitFor('the takeover', () => consumer.metrics().handled === 1);
    expect(consumer.metrics().takenOver).toBe(1);
  });

  test('count an outcome that came too late as refused, not as handled', async () => {
    let finish: () => void = () => undefined;
    const consumer = bench.consume(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
      { leaseMs: 30_000 },
    );
    const id = await bench.add('one');
    await waitFor('the handler', () => consumer.metrics().running === 1);
    await bench.redis.xclaim(STREAM, GROUP, 'thief', 0, id);
    finish();
    await waitFor('the refusal', () => consumer.metrics().refused === 1);
    expect(consumer.metrics()).toEqual({ ...zero, refused: 1, running: 0, held: 0 });
  });
});
