import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '@codegen/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Machine, makeMachine } from '../../packages/orchestrator-cli/tests/support/run-cli.js';
import { runHere } from '../../packages/orchestrator-cli/tests/support/run-here.js';
import { type ConditionKind, conditionKinds } from '../../services/api/src/conditions.js';
import { migrate } from '../../services/langgraph/src/engine/database/migrate.js';
import type { Driver } from '../../services/langgraph/src/engine/driver.js';
import { sweep } from '../../services/langgraph/src/engine/sweep.js';
import { Threads } from '../../services/langgraph/src/engine/threads.js';
import { Waits } from '../../services/langgraph/src/engine/waits.js';
import { World } from '../../services/langgraph/tests/support/world.js';
import { waitFor } from '../support/wait-for.js';

/** Tasks that somebody has approved. */
const approved = new Set<string>();

/** All that anybody has to know of another condition. */
const approval: ConditionKind = {
  reason: 'waiting_approval',
  on: 'person',
  missing: async (_, { id }, { of }) => {
    if (approved.has(id)) return undefined;
    const next = { command: `orchestrator project get ${of}`, when: 'to look at it, and to say yes' };
    return { why: `it waits for somebody to approve of ${of}`, missing: [String(of)], next };
  },
};

let world: World;
let machine: Machine;
let waits: Waits;
let threads: Threads;
beforeAll(async () => {
  world = await World.open('PGlite', { conditions: { ...conditionKinds, approval } });
  machine = await makeMachine({ ORCHESTRATOR_API_URL: world.apiUrl, ORCHESTRATOR_TOKEN: world.token });
  await migrate(world.pool);
  waits = new Waits(world.pool);
  threads = new Threads(world.pool);
});
afterAll(async () => {
  await machine.remove();
  await world.close();
});

/** A claimed task with its thread. */
async function running(): Promise<Task> {
  const project = await world.scaffoldedProject([{ name: 'A_SECRET' }, { name: 'ANOTHER' }]);
  const { message } = await world.api.tasks.create({ project: project.id, type: 'deploy' });
  const { request_id, task_id, project_id, user_id, correlation_id, callback_stream } = message;
  const claimed = await world.api.tasks.claim(task_id, { request_id });
  const input = { request_id, task_id, project_id, user_id, correlation_id, callback_stream, epoch: 1 };
  await threads.ensure('deploy', input);
  await threads.take(request_id, 'driver', 600_000);
  return claimed.task;
}

const pause = ({ request_id }: Task, condition: { type: string }) =>
  waits.write(
    request_id,
    'driver',
    { requestId: request_id, step: 'x', messages: [], condition, silence: '', deadlineMs: 1e8, cancelAfterMs: 0 },
    20,
  );

/** Runs the sweep, without a driver, for as long as the work takes. */
async function sweeping(work: (nudge: Driver['nudge']) => Promise<void>): Promise<void> {
  const nudge = vi.fn<Driver['nudge']>();
  const stopping = new AbortController();
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const sweeps = sweep(
    {
      ...{ api: world.api, redis: world.redis, threads, waits, driver: { nudge } as unknown as Driver, logger },
      ...{ answers: {}, sweepMs: 10, endsEveryMs: 900, endLostAfterMs: 1e8, refused: () => undefined },
    },
    stopping.signal,
  );
  try {
    await work(nudge);
  } finally {
    stopping.abort();
    await sweeps;
  }
}

const env = () => ({ ...process.env, ORCHESTRATOR_API_URL: world.apiUrl, ORCHESTRATOR_TOKEN: world.token });

it('one entry of the API is all that a condition takes: flows wait for it, and whatever shows the task has its words', async () => {
  const task = await running();
  const condition = { type: 'approval', of: 'the port' };
  const noted = await world.api.tasks.transition(task.id, { epoch: 1, status: 'running', condition });
  const said = {
    why: 'it waits for somebody to approve of the port',
    next: expect.objectContaining({ when: expect.any(String) }),
  };
  expect(noted.task).toMatchObject({
    reason: 'waiting_approval',
    waits_for: { type: 'approval', on: 'person', ...said },
  });
  await pause(task, condition);
  const command = 'orchestrator project get the port';

  const [got] = (await world.api.tasks.page({ status: 'running' })).items;
  expect(got?.waits_for).toMatchObject(said);
  expect((await runHere('task.get', [task.id], { env: env() })).runtime.warnings).toEqual([`${said.why}: ${command}`]);
  expect((await runHere('explain', [task.id], { env: env() })).text).toMatch(
    /It waits for somebody to approve of the port\.\nNext: orchestrator project get the port$/,
  );
  expect((await machine.run([])).stdout).toContain(`Next: ${command}\n`);
  expect((await runHere('diagnose.projects', [], { env: env() })).text).toContain(said.why);
  await sweeping(async (nudge) => {
    await sleep(200);
    expect(await waits.resultFor(task.request_id, task.request_id)).toBeUndefined();
    approved.add(task.id);
    await waitFor(
      'the flow to go on',
      async () => (await waits.resultFor(task.request_id, task.request_id))?.kind === 'ready',
    );
    expect(nudge).toHaveBeenCalledWith(task.request_id);
  });
  expect((await world.api.tasks.get(task.id)).waits_for).toBeNull();
  const again = await world.api.tasks.transition(task.id, { epoch: 1, status: 'running', condition });
  expect(again.task, 'what is fulfilled is not waited for').toMatchObject({ reason: null, waits_for: null });
});

it('a condition that the API does not know is refused, with those that it knows', async () => {
  const task = await running();
  const unknown = { epoch: 1, status: 'running', condition: { type: 'of a later version' } } as const;
  await expect(world.api.tasks.transition(task.id, unknown)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    choices: ['secrets', 'system', 'approval'],
  });
});

it('a task and a wait of an older release wait on, and go on when its secrets are there', async () => {
  const task = await running();
  const { id, project_id, request_id } = task;
  await world.api.tasks.transition(id, { epoch: 1, status: 'running', reason: 'waiting_secret' });
  await pause(task, { type: 'secrets', project_id, names: ['A_SECRET', 'ANOTHER'] } as { type: string });
  const { waits_for } = await world.api.tasks.get(id);
  expect(waits_for).toEqual({
    ...{ type: 'secrets', on: 'person', missing: ['A_SECRET', 'ANOTHER'] },
    why: 'it waits for the secrets A_SECRET, ANOTHER',
    next: { command: `orchestrator secret set A_SECRET --project ${project_id}`, when: expect.any(String) },
  });
  await sweeping(async () => {
    await world.api.secrets.put(project_id, 'A_SECRET', 'x');
    await sleep(100);
    expect(await waits.resultFor(request_id, request_id)).toBeUndefined();
    await world.api.secrets.put(project_id, 'ANOTHER', 'x');
    await waitFor('the flow to go on', async () => (await waits.resultFor(request_id, request_id))?.kind === 'ready');
  });
});

it('a reason of another release is told as it is', async () => {
  const task = await running();
  await world.api.tasks.transition(task.id, { epoch: 1, status: 'running', reason: 'waiting_capacity' });
  expect((await world.api.tasks.get(task.id)).waits_for).toMatchObject({
    why: 'it waits: waiting capacity',
    next: null,
  });
});
