import { once } from 'node:events';
import { workerAliveKey, workerGoneKey } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { processesWith } from '../support/processes.js';
import { startBench } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const isSilent = async (id: string) => (await bench.redis.exists(workerAliveKey(id))) === 0;

describe('a worker that was given up', () => {
  it('stops with its agent, is silent only then, and does not answer its turn', async () => {
    const worker = bench.worker('ignores-sigterm');
    await worker.send('turn', 'stay');
    await waitFor('the agent', async () => (await worker.progress('turn')).length > 0);
    expect(await isSilent(worker.id)).toBe(false);
    const exited = once(worker.process, 'exit');
    await bench.redis.set(workerGoneKey(worker.id), '{}');
    await waitFor('silence', () => isSilent(worker.id), { timeoutMs: 20_000 });
    expect(await processesWith(`AGENT_RUN_ID=${worker.id}/`)).toEqual([]);
    await exited;
    expect(await worker.outputs()).toEqual([]);
    expect(await worker.unacknowledged()).toBe(1);
  });

  it('before its start does not start', async () => {
    const worker = bench.worker('forever');
    await bench.redis.set(workerGoneKey(worker.id), '{}');
    await worker.send('turn', 'stay');
    if (worker.process.exitCode === null) await once(worker.process, 'exit');
    expect(await worker.progress('turn')).toEqual([]);
    expect(await worker.unacknowledged()).toBe(1);
  });
});
