import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { childrenOf, type StackSystem, startStack } from './support/system.js';

/** It is about 165 without company; docs/performance.md says where it goes. */
const BOUND_MIB = 210;

let system: StackSystem;
let cache: Awaited<ReturnType<typeof tempFolder>>;
beforeAll(async () => {
  cache = await tempFolder('codegen-cache');
  // The first start on a machine, which makes the database.
  system = await startStack({ env: { XDG_CACHE_HOME: cache.path } });
});
afterAll(async () => {
  await system?.stop();
  await cache?.remove();
});

/** A process and all below it. */
async function treeOf(pid: number): Promise<number[]> {
  const below = await Promise.all((await childrenOf(pid)).map(treeOf));
  return [pid, ...below.flat()];
}

/** The memory that is a process's own, and its share of what it has in common with others. */
async function proportionalMib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss: +(\d+) kB$/m.exec(text)?.[1]) / 1024;
}

it('a system that has nothing to do takes little memory', async () => {
  await sleep(5000);
  const pids = await treeOf(system.pid);
  const total = (await Promise.all(pids.map(proportionalMib))).reduce((sum, one) => sum + one, 0);

  // The supervisor, the system, infra-service and redis-server.
  expect(pids).toHaveLength(4);
  expect(total).toBeGreaterThan(50);
  expect(total).toBeLessThan(BOUND_MIB);
});
