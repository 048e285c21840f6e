import { type CreatedTask, engineeringQueue, type Task } from '@codegen/contracts';
import { Orchestrator } from '@codegen/sdk';
import { startService } from '@codegen/sdk/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { swallowReplies } from '../../../../packages/sdk/tests/support/swallow-reply.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { scheduler } from '../../../scheduler/src/index.js';
import { World } from '../support/world.js';

const stream = engineeringQueue.stream;

describe('messages that come twice, late or from another version', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(async () => {
    await world.reset();
    await world.redis.del(`${stream}:dlq`);
  });
  afterAll(() => world.close());

  const newTask = async (): Promise<CreatedTask> => {
    const project = (await world.scaffoldedProject()).id;
    return world.api.tasks.create({ project, type: 'engineering', spec: 'Once.' });
  };
  const handled = () => waitFor('an empty queue', async () => (await world.redis.xlen(stream)) === 0);
  const deadLetters = async () =>
    (await world.redis.xrange(`${stream}:dlq`, '-', '+')).map(([, fields]) => JSON.parse(fields[3] ?? '{}'));

  /** All that a message could have set in motion. */
  const traces = async (task: Task) => ({
    task: await world.api.tasks.get(task.id),
    attempts: await world.api.tasks.attempts(task.id),
    events: await world.events(task),
    asked: world.executors.seen.filter((one) => one.taskId === task.id).length,
    threads: (await world.pool.query('select count(*)::int as n from langgraph.threads')).rows[0].n,
    deadLetters: await deadLetters(),
  });

  it('a task whose XADD lost its reply is in the queue twice and runs once', async () => {
    const lossy = await swallowReplies(world.redisServer.port);
    lossy.swallowReplyTo('\r\nxadd\r\n');
    const client = new Orchestrator({ apiUrl: world.apiUrl, token: world.token, redisUrl: lossy.url });
    const project = await world.scaffoldedProject();
    const handle = await client.engineering.start({ project: project.id, spec: 'Once.' });
    expect(lossy.swallowed).toBe(1);
    await lossy.close();
    const entries = (await world.redis.xrange(stream, '-', '+')).map(([, [, data]]) => JSON.parse(data as string));
    expect(entries.map((one) => one.request_id)).toEqual([handle.task.request_id, handle.task.request_id]);
    const api = { url: world.apiUrl, token: world.token };
    const relay = await startService(scheduler, { redisUrl: world.redisServer.url, api, intervalMs: 100 });
    await Promise.all([world.startReplica(), world.startReplica()]);

    expect(await world.ended(handle.task, 40_000)).toMatchObject({ status: 'completed', epoch: 1, attempt: 1 });
    await handled();
    await relay.stop();
    for (const step of ['create', 'develop', 'test', 'merge'] as const) {
      const mine = world.executors.of(step, handle.task).filter((one) => step !== 'create' || isDeveloper(one.message));
      expect(mine, step).toHaveLength(1);
    }
    expect(await world.story(handle.task)).toEqual(expect.arrayContaining(['started', 'completed']));
    expect((await world.story(handle.task)).filter((word) => word === 'started')).toHaveLength(1);
    expect(await deadLetters()).toEqual([]);
  });

  it.each(['completed', 'failed', 'cancelled'] as const)(
    'a message of a task that is %s does nothing, at a running service and at one that starts on it',
    async (status) => {
      await world.startReplica();
      if (status === 'failed')
        world.executors.script = { develop: () => ({ status: 'failed', reason: 'unknown_agent' }) };
      const created = await newTask();
      if (status === 'cancelled') await world.api.tasks.cancel(created.task.id);
      await world.publish(created);
      expect(await world.ended(created.task, 40_000)).toMatchObject({ status });
      await waitFor('the workers to go', () => world.executors.workers.size === 0);
      await world.settled();
      const before = await traces(created.task);

      await world.publish(created);
      await world.publish(created);
      await handled();
      expect(await traces(created.task)).toEqual(before);

      await world.reset();
      await world.publish(created);
      await world.startReplica();
      await handled();
      await world.settled();
      expect(await traces(created.task)).toEqual(before);

      // A day later even its thread is forgotten.
      await world.pool.query('delete from langgraph.threads where task_id = $1', [created.task.id]);
      await world.publish(created);
      await handled();
      await world.settled();
      expect(await traces(created.task)).toEqual({ ...before, threads: (await traces(created.task)).threads });
      const { rows } = await world.pool.query('select 1 from langgraph.threads where task_id = $1', [created.task.id]);
      expect(rows).toEqual([]);
    },
  );

  it('tries are counted once, whether a worker was lost, the message came again or somebody asked for a retry', async () => {
    const first = await world.startReplica();
    let turns = 0;
    world.executors.script = {
      develop: () => {
        turns += 1;
        if (turns === 1) return { status: 'failed', reason: 'worker_lost' };
        return turns < 5 ? { status: 'failed', reason: 'agent_failed' } : undefined;
      },
    };
    const created = await newTask();
    await world.publish(created);
    await world.publish(created);
    await world.seen('develop', created.task, 2);
    await first.stop();
    await world.publish(created);
    await world.startReplica();
    expect(await world.ended(created.task, 40_000)).toMatchObject({ status: 'failed', attempt: 2, epoch: 2 });

    const again = await world.api.tasks.retry(created.task.id);
    expect(again.task).toMatchObject({ status: 'queued', attempt: 3 });
    await world.publish(created);
    await world.publish(again);
    await world.publish(again);
    await waitFor('the end', async () => (await world.api.tasks.get(created.task.id)).status === 'completed');
    expect(await world.api.tasks.get(created.task.id)).toMatchObject({ attempt: 3, epoch: 3 });
    expect((await world.api.tasks.attempts(created.task.id)).map((one) => one.epoch)).toEqual([1, 2, 3]);
    await handled();
  });

  it('what a later version adds to a message is ignored, and a message of a version that is not known goes to the dead letters', async () => {
    await world.startReplica();
    const [known, unknown] = [await newTask(), await newTask()];
    const later = { ...known.message, priority: 'high', budget: { tokens: 1_000_000 } };
    await world.redis.xadd(stream, '*', 'data', JSON.stringify(later), 'trace_state', 'a=1');
    await world.redis.xadd(stream, '*', 'data', JSON.stringify({ ...unknown.message, version: '2', goal: 'other' }));

    expect(await world.ended(known.task, 40_000)).toMatchObject({ status: 'completed' });
    await handled();
    expect(await deadLetters()).toMatchObject([
      { code: 'unsupported_version', attempts: 1, correlation_id: unknown.message.correlation_id },
    ]);
    expect(await world.api.tasks.get(unknown.task.id)).toMatchObject({ status: 'queued', epoch: 0 });
    expect(world.executors.of('develop', unknown.task)).toEqual([]);
  });
});

function isDeveloper(create: unknown): boolean {
  return (create as { config?: { repo?: { read_only?: boolean } } }).config?.repo?.read_only !== true;
}
