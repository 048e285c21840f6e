import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { workerCommands } from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { processesIn } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { startBench } from '../support/bench.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

it('a manager that is asked to stop lets a task that has begun go on to its end, its tester too; others wait for the next one', async () => {
  const manager = await bench.start({ drainMs: 30_000 });
  const developer = await bench.create('writes-file');
  const turn = await bench.input(developer, 'wait 1500');
  await bench.saying(turn, 'writing');
  let stopped = false;
  const stopping = manager.stop().then(() => {
    stopped = true;
  });

  const stranger = await createFor('task_2');
  const strange = await bench.input(stranger, 'Another task');
  expect(await bench.output(turn)).toMatchObject({ status: 'success' });
  // It waits for its tests, and for what comes of them.
  const tester = await bench.create('writes-file', {
    repo: { repo_full_name: 'local/proj_1', ref: 'main', read_only: true },
  });
  expect(await bench.output(await bench.input(tester, 'Test it'))).toMatchObject({ status: 'success' });
  expect(await bench.output(await bench.input(developer, 'Mend it'))).toMatchObject({ status: 'success' });
  expect(stopped).toBe(false);
  await bench.delete(tester);
  await bench.delete(developer);
  await stopping;

  expect(await bench.outputs(strange)).toEqual([]);
  expect(await bench.folders()).toEqual([stranger]);
  await bench.start();
  expect(await bench.output(strange)).toMatchObject({ status: 'success' });
  expect(bench.logged.join('\n')).not.toContain('lost');
}, 60_000);

it('a worker without a task is waited for while its turn goes on, and not after that', async () => {
  const manager = await bench.start({ drainMs: 30_000 });
  const worker = await createFor(undefined);
  const turn = await bench.input(worker, 'wait 1500');
  await bench.saying(turn, 'writing');
  await manager.stop();
  expect(await bench.output(turn)).toMatchObject({ status: 'success' });
}, 60_000);

it('is not waited for longer than the limit says', async () => {
  const manager = await bench.start({ drainMs: 1000 });
  const worker = await bench.create('forever');
  await bench.saying(await bench.input(worker, 'stay'), 'working');
  const from = performance.now();
  await manager.stop();
  expect(performance.now() - from).toBeGreaterThan(900);
  await waitFor('all to end', async () => (await processesIn(join(bench.workersDir, worker))).length === 0);
  expect(bench.logged.join('\n')).toContain('work that has begun is not done, and ends here');
}, 60_000);

it('is not waited for where no turn runs, such as of a task that waits for the system', async () => {
  const manager = await bench.start({ drainMs: 60_000, drainQuietMs: 1500 });
  const worker = await bench.create('writes-file');
  expect(await bench.output(await bench.input(worker, 'wait 100'))).toMatchObject({ status: 'success' });
  const from = performance.now();
  await manager.stop();
  expect(performance.now() - from).toBeLessThan(20_000);
}, 60_000);

/** A worker of another task, or of none. */
async function createFor(task_id: string | undefined): Promise<string> {
  const request_id = randomUUID();
  await publish(bench.redis, workerCommands, {
    command: 'create',
    request_id,
    config: {
      ...{ name: 'test', agent: 'custom', agent_config: 'writes-file', worker_type: 'developer' },
      ...{ capabilities: [], env_vars: {}, repo: { repo_full_name: 'local/proj_1', ref: 'main' } },
    },
    context: task_id === undefined ? {} : { task_id, project_id: 'proj_1', epoch: '7' },
  });
  return `w-${request_id}`;
}
