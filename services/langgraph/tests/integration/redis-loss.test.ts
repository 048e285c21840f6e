import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CreatedTask,
  type CreateWorkerCommand,
  type Task,
  type WorkerInput,
  workerCommands,
  workerInputs,
} from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { startService } from '@codegen/sdk/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepAof } from '../../../../tests/support/older-aof.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { scheduler } from '../../../scheduler/src/index.js';
import type { Step } from '../support/executors.js';
import { World } from '../support/world.js';

const steps: readonly Step[] = ['develop', 'test', 'merge'];

describe('what Redis loses is made good', () => {
  let world: World;
  const schedulers: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(async () => {
    await Promise.all(schedulers.splice(0).map((one) => one.stop()));
    await world.reset();
  });
  afterAll(() => world.close());

  const startReplica = () => world.startReplica({ endLostAfterMs: 1000 });
  const startRelay = async () => {
    const api = { url: world.apiUrl, token: world.token };
    schedulers.push(await startService(scheduler, { redisUrl: world.redisServer.url, api, intervalMs: 100 }));
  };
  /** A task as its creator leaves it: published, and noted as published. */
  const publishedTask = async (): Promise<CreatedTask> => {
    const project = (await world.scaffoldedProject()).id;
    const created = await world.api.tasks.create({ project, type: 'engineering', spec: 'Again.' });
    await world.publish(created);
    await world.api.tasks.published(created.task.id, { request_id: created.message.request_id });
    return created;
  };
  const expectOneRun = async (task: Task) => {
    expect(await world.ended(task, 25_000)).toMatchObject({ status: 'completed', epoch: 1, attempt: 1 });
    for (const step of steps) {
      const asked = new Set(world.executors.of(step, task).map((one) => one.requestId));
      expect(asked.size, `${step} of ${task.id}`).toBe(1);
    }
    expect((await world.api.tasks.attempts(task.id)).map((one) => one.epoch)).toEqual([1]);
    const ends = (await world.story(task)).filter((word) => word === 'completed' || word === 'failed');
    expect(ends).toEqual(['completed']);
  };
  const messagesOf = async (task: Task) => {
    const entries = await world.redis.xrange('engineering:queue', '-', '+');
    return entries.filter(([, [, data]]) => data?.includes(task.id)).length;
  };

  it('tasks that were published, noted and not claimed when Redis lost the tail of its AOF run once, within seconds', async () => {
    await startRelay();
    const kept = await publishedTask();
    const restore = await keepAof(world.redisServer);
    const lost = [await publishedTask(), await publishedTask()];
    await restore();
    const all = [kept, ...lost].map(({ task }) => task);
    await waitFor('the messages', async () => (await world.redis.xlen('engineering:queue')) === 3, { timeoutMs: 5000 });
    for (const task of all) expect(await messagesOf(task)).toBe(1);
    await startReplica();

    for (const task of all) await expectOneRun(task);
  });

  it('flows in mid-step go on when messages, answers and ends are lost with the tail, again and again', async () => {
    await startRelay();
    await Promise.all([startReplica(), startReplica()]);
    const tasks = Array.from({ length: 6 }, publishedTask);
    for (let times = 0; times < 3; times += 1) {
      const restore = await keepAof(world.redisServer);
      await sleep(400);
      await restore();
    }

    for (const { task } of await Promise.all(tasks)) await expectOneRun(task);
    expect(await world.redis.xlen('engineering:queue')).toBe(0);
  });

  it('an answer that was lost before it was stored is given again', async () => {
    await startReplica();
    let answer: () => void = () => undefined;
    world.executors.script = {
      develop: () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        }),
    };
    const { task } = await publishedTask();
    await world.seen('develop', task);
    await world.reset();
    const restore = await keepAof(world.redisServer);
    answer();
    await waitFor('the answer', async () => (await world.redis.xlen('worker:developer:output')) === 1);
    await restore();
    expect(await world.redis.xlen('worker:developer:output')).toBe(0);
    await startReplica();

    await expectOneRun(task);
  });

  it('a worker that a create out of an older Redis brings back is deleted when it answers for a flow that has ended', async () => {
    await startReplica();
    const { task } = await publishedTask();
    await expectOneRun(task);
    const [create] = world.executors.of('create', task);
    const [turn] = world.executors.of('develop', task);
    const isThere = () => world.executors.workers.has(String(turn?.workerId));
    await waitFor('the worker to go', () => !isThere());
    const params = { type: 'developer', worker_id: String(turn?.workerId) };
    await publish(world.redis, workerCommands, create?.message as CreateWorkerCommand);
    await waitFor('the worker', isThere);
    await publish(world.redis, workerInputs, turn?.message as WorkerInput, { params });
    await waitFor('the worker to go again', () => !isThere());
  });

  it('the end of a task whose event was lost is told again, once', async () => {
    await startReplica();
    const { task } = await publishedTask();
    await world.seen('merge', task);
    await waitFor('the end', async () => (await world.api.tasks.get(task.id)).status === 'completed');
    await world.reset();
    await waitFor('the event', async () => (await world.redis.xlen('task:events')) === 0);
    // As if the tail with the event had been lost before the API had it.
    await world.pool.query("delete from task_events where task_id = $1 and type = 'completed'", [task.id]);
    await world.redis.del('loss-watch:langgraph');
    await Promise.all([startReplica(), startReplica()]);

    await expectOneRun(task);
  });

  it('a task whose claimer died with the message in the lost tail is started by the one that comes after', async () => {
    const { task, message } = await publishedTask();
    await world.redis.del('engineering:queue');
    await world.api.tasks.claim(task.id, { request_id: message.request_id });
    await Promise.all([startRelay(), startReplica()]);

    await expectOneRun(task);
  });

  it('FLUSHALL under running services: groups are made again, queued tasks published again, flows go on', async () => {
    const waiting = await publishedTask();
    await world.redis.flushall();
    await startRelay();
    await waitFor('the message', async () => (await messagesOf(waiting.task)) === 1);
    world.executors.script = { develop: () => 'silent' };
    await startReplica();
    const turn = await world.seen('develop', waiting.task);
    const second = await publishedTask();
    const other = await world.seen('develop', second.task);
    world.executors.script = {};
    for (const { requestId } of [turn, other]) world.executors.forget(requestId);
    await world.redis.flushall();
    const third = await publishedTask();

    for (const { task } of [waiting, second, third]) await expectOneRun(task);
  });
});
