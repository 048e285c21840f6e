import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { startBench } from '../support/worker.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

it('a result that is ready while Redis is unavailable is stored and published once Redis is back', async () => {
  const worker = bench.worker('writes-file');
  await worker.send('away', 'wait 1500', { task_id: 'task_away' });
  await waitFor('the agent', async () => (await worker.progress('away')).length > 0);
  await bench.server.kill();
  const outbox = join(bench.folder, worker.id, 'outbox');
  const kept = async () => (await readdir(outbox).catch(() => [])).filter((name) => name.endsWith('.json'));
  await waitFor('the result on disk', async () => (await kept()).length === 1, { timeoutMs: 20_000 });
  await bench.server.restart();
  expect(await worker.output('away')).toMatchObject({ status: 'success', branch: 'task/task_away/1' });
  await waitFor('the outbox to be empty', async () => (await kept()).length === 0);
  await waitFor('the input to be acknowledged', async () => (await worker.unacknowledged()) === 0);
  expect(await worker.outputs()).toHaveLength(1);
});

it('a turn continues when Redis loses all data, and the repeated input is answered from the stored result', async () => {
  const worker = bench.worker('writes-file');
  await worker.send('lost', 'wait 1000', { task_id: 'task_lost' });
  await waitFor('the agent', async () => (await worker.progress('lost')).length > 0);
  await bench.redis.flushall();
  expect(await worker.output('lost')).toMatchObject({ status: 'success', branch: 'task/task_lost/1' });
  await worker.send('lost', 'wait 1000', { task_id: 'task_lost' });
  await waitFor('the second answer', async () => (await worker.outputs()).length === 2);
  expect(await bench.repository.git('rev-list', '--count', 'main..task/task_lost/1')).toBe('1');
});
