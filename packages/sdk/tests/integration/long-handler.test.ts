import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type Bench, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test('a handler of sixty leases keeps its message, beside two idle peers', { timeout: 90_000 }, async () => {
  const runs: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    bench.consume(
      async (_, { signal }) => {
        runs.push(name);
        await sleep(60_000, undefined, { signal });
      },
      { leaseMs: 1000 },
    );
  }
  await bench.add('long');
  await waitFor('the start', () => runs.length);
  await waitFor('the end', async () => (await bench.redis.xlen(STREAM)) === 0, { timeoutMs: 70_000, everyMs: 500 });
  expect(runs.length).toBe(1);
  expect(await bench.deadLetters()).toEqual([]);
});
