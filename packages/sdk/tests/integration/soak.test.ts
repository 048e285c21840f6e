import { engineeringQueue } from '@codegen/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { publish } from '../../src/queue/index.js';
import { type Bench, type ConsumerProcess, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const MESSAGES = 3000;
const POISON = 30;

test('thousands of messages, some poison, through eight killed consumers: none missing, none dead-lettered by mistake', async () => {
  const leaseMs = 600;
  const start = (n: number) => bench.consumeInProcess('count', { consumer: `worker-${n}`, leaseMs });
  const workers: ConsumerProcess[] = [start(0), start(1)];
  const publishing = Array.from({ length: MESSAGES }, (_, i) =>
    publish(bench.redis, engineeringQueue, { task_id: String(i), project_id: 'p', user_id: 0 }),
  );
  for (let i = 0; i < POISON; i += 1) await bench.redis.xadd(STREAM, '*', 'data', `poison ${i}`);
  await Promise.all(publishing);
  for (let kills = 0; kills < 8; kills += 1) {
    const before = await bench.redis.hlen('handled');
    await waitFor('some more to be handled', async () => {
      const handled = await bench.redis.hlen('handled');
      return handled > before + 50 || handled === MESSAGES;
    });
    await workers.shift()?.kill();
    workers.push(start(kills + 2));
  }
  await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0, { timeoutMs: 30_000 });
  const counts = Object.values(await bench.redis.hgetall('handled')).map(Number);
  expect(counts.length).toBe(MESSAGES);
  // Handled twice at most: what a killed consumer had done and not acknowledged, a few in flight each.
  expect(counts.filter((count) => count > 1).length).toBeLessThanOrEqual(8 * 20);
  expect(await bench.redis.xlen(`${STREAM}:dlq`)).toBe(POISON);
});
