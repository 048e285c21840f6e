import { engineeringQueue } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { closeRedis, connectRedis, trimAcknowledged, trimDeadLetters } from '../../src/queue/index.js';
import { type Bench, DLQ, GROUP, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const groups = ['python', 'others'];

async function addEntries(count: number): Promise<string[]> {
  const pipeline = bench.redis.pipeline();
  for (let i = 0; i < count; i += 1) pipeline.xadd(STREAM, '*', 'data', String(i));
  return ((await pipeline.exec()) ?? []).map(([, id]) => id as string);
}

async function read(group: string, count: number): Promise<string[]> {
  const reply = await bench.redis.xreadgroup('GROUP', group, 'a', 'COUNT', count, 'STREAMS', STREAM, '>');
  return ((reply as [string, [string][]][] | null)?.[0]?.[1] ?? []).map(([id]) => id);
}

async function idsLeft(): Promise<string[]> {
  return (await bench.redis.xrange(STREAM, '-', '+')).map(([id]) => id);
}

describe('trimming a queue whose consumers acknowledge without deleting', () => {
  test('removes up to the oldest entry that some group has pending', async () => {
    for (const group of groups) await bench.redis.xgroup('CREATE', STREAM, group, '0', 'MKSTREAM');
    const ids = await addEntries(3000);
    for (const group of groups) await read(group, 3000);
    await bench.redis.xack(STREAM, 'python', ...ids);
    await bench.redis.xack(STREAM, 'others', ...ids.filter((_, i) => i !== 1234));
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(1234);
    expect((await idsLeft())[0]).toBe(ids[1234]);
    await bench.redis.xack(STREAM, 'others', ids[1234] as string);
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(1766);
    expect(await idsLeft()).toEqual([]);
  });

  test('removes up to the first entry that some group was not given yet', async () => {
    for (const group of groups) await bench.redis.xgroup('CREATE', STREAM, group, '0', 'MKSTREAM');
    const ids = await addEntries(500);
    await bench.redis.xack(STREAM, 'python', ...(await read('python', 500)));
    await bench.redis.xack(STREAM, 'others', ...(await read('others', 321)));
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(321);
    expect(await idsLeft()).toEqual(ids.slice(321));
  });

  test('removes nothing where there is no group, or no stream', async () => {
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(0);
    await addEntries(10);
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(0);
    expect(await bench.redis.xlen(STREAM)).toBe(10);
  });

  test('orders ids by number, not by text', async () => {
    await bench.redis.xgroup('CREATE', STREAM, 'python', '0', 'MKSTREAM');
    await bench.redis.xgroup('CREATE', STREAM, 'others', '0');
    for (const id of ['9-9', '9-10', '10-0', '9007199254740993-0']) await bench.redis.xadd(STREAM, id, 'data', 'x');
    await bench.redis.xack(STREAM, 'python', ...(await read('python', 1)));
    await bench.redis.xack(STREAM, 'others', ...(await read('others', 3)));
    expect(await trimAcknowledged(bench.redis, engineeringQueue)).toBe(1);
    expect((await idsLeft())[0]).toBe('9-10');
  });

  test('never takes an entry that somebody has not acknowledged, while two groups consume', async () => {
    const TOTAL = 4000;
    for (const group of groups) await bench.redis.xgroup('CREATE', STREAM, group, '0', 'MKSTREAM');
    const acknowledged = new Map(groups.map((group) => [group, new Set<string>()]));
    const open = { adding: true, consuming: groups.length };
    const producer = (async () => {
      for (let i = 0; i < TOTAL; i += 100) await addEntries(100);
      open.adding = false;
    })();
    const consumers = groups.map(async (group) => {
      const redis = connectRedis(bench.server.url);
      const done = acknowledged.get(group) as Set<string>;
      let late: string[] = [];
      for (;;) {
        const last = !open.adding;
        const reply = await redis.xreadgroup('GROUP', group, 'a', 'COUNT', 37, 'STREAMS', STREAM, '>');
        const entries = (reply as [string, [string][]][] | null)?.[0]?.[1] ?? [];
        if (entries.length === 0 && last) break;
        // Every seventh is left pending for a while, so that old ones lie before what is done.
        const now = entries.map(([id]) => id).filter((_, i) => i % 7 !== 0);
        late.push(...entries.map(([id]) => id).filter((_, i) => i % 7 === 0));
        const due = [...now, ...(late.length > 60 ? late.splice(0, 30) : [])];
        await settle(due);
      }
      await settle(late);
      late = [];
      open.consuming -= 1;
      await closeRedis(redis);

      /** Looks for each entry before it is acknowledged: nothing but the trimming could have taken it. */
      async function settle(ids: readonly string[]): Promise<void> {
        const found = await Promise.all(ids.map((id) => redis.xrange(STREAM, id, id)));
        for (const [i, id] of ids.entries()) if (found[i]?.length === 1) done.add(id);
        if (ids.length > 0) await redis.xack(STREAM, group, ...ids);
      }
    });
    const trimmer = connectRedis(bench.server.url);
    let trimmed = 0;
    while (open.consuming > 0) trimmed += await trimAcknowledged(trimmer, engineeringQueue);
    await Promise.all([producer, ...consumers]);
    trimmed += await trimAcknowledged(trimmer, engineeringQueue);
    await closeRedis(trimmer);
    expect(groups.map((group) => acknowledged.get(group)?.size)).toEqual([TOTAL, TOTAL]);
    expect([trimmed, await bench.redis.xlen(STREAM)]).toEqual([TOTAL, 0]);
  });
});

describe('dead letters', () => {
  const addLetters = async (ids: readonly string[]) => {
    const pipeline = bench.redis.pipeline();
    for (const id of ids) pipeline.xadd(DLQ, id, 'original_message', '{"data":"{}"}', 'error_context', '{}');
    await pipeline.exec();
  };
  const daysAgo = (days: number) => Date.now() - days * 86_400_000;

  test('are kept for 30 days, 10,000 of a queue', async () => {
    await addLetters([`${daysAgo(31)}-0`, `${daysAgo(30.01)}-0`, `${daysAgo(29.99)}-0`, '*']);
    expect(await trimDeadLetters(bench.redis, engineeringQueue)).toBe(2);
    await addLetters(Array.from({ length: 25_000 }, () => '*'));
    expect(await trimDeadLetters(bench.redis, engineeringQueue)).toBe(15_002);
    expect(await bench.redis.xlen(DLQ)).toBe(10_000);
  });
});

describe('a consumer’s housekeeping', () => {
  const consumers = () => bench.redis.xinfo('CONSUMERS', STREAM, GROUP);

  test('removes what peers acknowledged, dead letters and consumers that are gone, again and again', async () => {
    const housekeeping = { everyMs: 60, deadLetters: { maxCount: 2 }, forgetConsumersAfterMs: 50 };
    const consumer = bench.consume(async () => undefined, { housekeeping });
    await consumer.ready;
    for (let round = 0; round < 2; round += 1) {
      // A peer of the same group that acknowledges and does not delete.
      await bench.redis.eval(
        `local id = redis.call('XADD', KEYS[1], '*', 'data', 'x')
         redis.call('XREADGROUP', 'GROUP', ARGV[1], 'peer', 'STREAMS', KEYS[1], '>')
         redis.call('XACK', KEYS[1], ARGV[1], id)`,
        1,
        STREAM,
        GROUP,
      );
      for (let i = 0; i < 3; i += 1) await bench.redis.xadd(DLQ, '*', 'original_message', '{}', 'error_context', '{}');
      await waitFor('an empty stream', async () => (await bench.redis.xlen(STREAM)) === 0);
      await waitFor('two letters', async () => (await bench.redis.xlen(DLQ)) === 2);
      await waitFor('the peer to be forgotten', async () => !JSON.stringify(await consumers()).includes('peer'));
    }
  });

  test('happens at the start too, and not at all when it is turned off', async () => {
    const add = () => bench.redis.xadd(DLQ, '*', 'original_message', '{}', 'error_context', '{}');
    const deadLetters = { maxCount: 0 };
    await add();
    await bench.consume(async () => undefined, { housekeeping: { deadLetters } }).ready;
    await waitFor('the letter to go', async () => (await bench.redis.xlen(DLQ)) === 0);
    await bench.reset();
    await add();
    const seen: string[] = [];
    bench.consume(async ({ task_id }) => void seen.push(task_id), { housekeeping: false });
    await bench.add('one');
    await waitFor('the message', () => seen.length);
    expect(await bench.redis.xlen(DLQ)).toBe(1);
  });
});
