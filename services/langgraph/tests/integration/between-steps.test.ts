import type { Task } from '@codegen/contracts';
import { END, START, StateGraph } from '@langchain/langgraph';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { FencedSaver } from '../../src/engine/checkpoints.js';
import { migrate } from '../../src/engine/database/migrate.js';
import { requestId } from '../../src/engine/request-id.js';
import { Threads } from '../../src/engine/threads.js';
import { DeployState } from '../../src/flows/deploy/state.js';
import { World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('PGlite');
  await migrate(world.pool);
});
afterEach(() => world.reset());
afterAll(() => world.close());

/** A deploy whose flow was left before the step of that name, by this version or another one. */
async function leftBefore(step: string, more: Partial<DeployState> = {}, isMissing = false): Promise<Task> {
  const project = await world.scaffoldedProject([{ name: 'DB_PASSWORD', required: isMissing }]);
  const { task, message } = await world.api.tasks.create({ project: project.id, type: 'deploy' });
  const { request_id, task_id, project_id, user_id, correlation_id, callback_stream } = message;
  const { epoch } = (await world.api.tasks.claim(task.id, { request_id })).task;
  const input = { request_id, task_id, project_id, user_id, correlation_id, callback_stream, epoch };
  const threads = new Threads(world.pool);
  await threads.ensure('deploy', input);
  await threads.take(request_id, 'another version', 60_000);
  const begun = { started_ms: 1, previous_status: 'scaffolded', commit_sha: 'a'.repeat(40), next: step as 'begin' };
  const stop = () => {
    throw new Error('killed');
  };
  const flow = new StateGraph(DeployState)
    .addNode('begin', () => ({ ...begun, ...more }))
    .addNode(step, stop)
    .addEdge(START, 'begin')
    .addConditionalEdges('begin', ({ next }) => next as never)
    .addEdge(step as 'begin', END)
    .compile({ checkpointer: new FencedSaver(world.pool, () => 'another version') });
  const run = flow.invoke({ input, epoch }, { configurable: { thread_id: request_id }, durability: 'sync' });
  await expect(run).rejects.toThrow('killed');
  await threads.leave(request_id, 'another version', { delayMs: 0, failures: 0, errors: 0 });
  return task;
}

it('a flow that an older version left before its look at the secrets goes on', async () => {
  const task = await leftBefore('check_environment');
  await world.startReplica();
  expect(await world.ended(task)).toMatchObject({ status: 'completed' });
  expect(world.executors.of('deploy', task)).toHaveLength(1);
});

it('so does one that waits for secrets there', async () => {
  const task = await leftBefore('await_secrets', { wait: 'there' });
  await world.pool.query(
    `insert into langgraph.waits (request_id, thread_id, step, messages, result, check_every_ms, next_check_at)
     values ('there', $1, 'secrets', '[]', '{"kind":"ready"}', 1000, now())`,
    [task.request_id],
  );
  await world.startReplica();
  expect(await world.ended(task)).toMatchObject({ status: 'completed' });
});

it('a flow that stands before a step which this version does not have ends its task, and says so', async () => {
  const task = await leftBefore('approval');
  await world.startReplica();
  const ended = await world.ended(task, 40_000);
  expect(ended).toMatchObject({ status: 'failed', reason: 'internal_error' });
  expect(ended.error).toContain('this version has no step approval');
});

it('every step is asked for under the id that earlier versions ask under, which a flow left in mid-step asks again', async () => {
  await world.startReplica();
  const task = await world.start('engineering', await world.newProject());
  await world.ended(task);
  const ids = { scaffold: [], develop: [1, 1], test: [1, 1, 0], merge: [1, 1] } as const;
  for (const [step, parts] of Object.entries(ids) as [keyof typeof ids, readonly number[]][]) {
    const asked = world.executors.of(step, task).map((one) => one.requestId);
    expect(asked, step).toEqual([requestId(task.request_id, step, ...parts)]);
  }
});

const fault = { at: 'deploy/1/1', text: 'the disk is full', since_ms: 1, tries: 1, worker: null };

it.each([
  ['check_environment', {}],
  ['park', { parked: fault, parks: 1 }],
] as const)('a request to cancel ends a flow before %s within 10 s, though Redis takes nothing', async (step, more) => {
  const task = await leftBefore(step, more, true);
  await world.redis.call('CLIENT', 'PAUSE', '30000', 'WRITE');
  try {
    await world.startReplica({ sweepMs: 1000 });
    const waits = async () => (await world.api.tasks.get(task.id)).reason !== null;
    await waitFor('its wait', waits, { timeoutMs: 15_000 });
    const started = performance.now();
    await world.api.tasks.cancel(task.id);
    const ended = async () => (await world.api.tasks.get(task.id)).status === 'cancelled';
    await waitFor('the end', ended, { timeoutMs: 25_000 });
    expect(performance.now() - started).toBeLessThan(10_000);
  } finally {
    await world.redis.call('CLIENT', 'UNPAUSE');
  }
});
