import type { Task } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Crashable, crashablePool, crashableUrl, forgetfulPool } from '../support/crashable.js';
import type { Step } from '../support/executors.js';
import { World } from '../support/world.js';

const steps = ['scaffold', 'develop', 'test', 'merge'] as const;

describe('replicas', () => {
  let world: World;
  let crashables: Crashable<unknown>[] = [];
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(async () => {
    // What is cut off for good cannot be stopped in an orderly way.
    await world.reset();
    crashables = [];
  });
  afterAll(() => world.close());

  /** A replica that can be cut off from everything at once, in the middle of whatever it does. */
  async function startCrashable(): Promise<{ crash(): void }> {
    const [redis, api] = await Promise.all([crashableUrl(world.redisServer.url), crashableUrl(world.apiUrl)]);
    const pool = crashablePool(world.pool);
    const mine = [redis, api, pool];
    crashables.push(...mine);
    await world.startReplica({
      redisUrl: redis.value,
      api: { url: api.value, token: world.token },
      database: { pool: pool.value },
    });
    world.replicas.pop();
    return {
      crash: () => {
        for (const one of mine) one.crash();
      },
    };
  }

  /** Every step was asked for under one id; gives how often it was asked for in all. */
  function dispatches(task: Task, expected: readonly Step[] = steps): Record<string, number> {
    return Object.fromEntries(
      expected.map((step) => {
        const seen = world.executors.of(step, task);
        expect(new Set(seen.map((one) => one.requestId)).size, `${step} of ${task.id}`).toBe(1);
        return [step, seen.length];
      }),
    );
  }

  it('two of them drive twenty flows: one message a step, one end each, events in order', {
    timeout: 130_000,
  }, async () => {
    await Promise.all([world.startReplica(), world.startReplica()]);
    const tasks = await Promise.all(
      Array.from({ length: 20 }, async () => world.start('engineering', await world.newProject())),
    );

    const done = await Promise.all(tasks.map((task) => world.ended(task, 120_000)));

    expect(done.map((task) => task.status)).toEqual(tasks.map(() => 'completed'));
    for (const task of tasks) {
      expect(dispatches(task)).toEqual({ scaffold: 1, develop: 1, test: 1, merge: 1 });
      expect(await world.story(task)).toEqual([
        'started',
        ...['scaffold', 'scaffold', 'develop', 'develop', 'test', 'test', 'merge', 'merge', 'cleanup', 'completed'],
      ]);
    }
  });

  it('steps that run again for want of a checkpoint tell nothing twice', async () => {
    await world.startReplica({ database: { pool: forgetfulPool(world.pool) } });
    const task = await world.start('engineering', await world.newProject());

    expect(await world.ended(task, 50_000)).toMatchObject({ status: 'completed', epoch: 1 });
    expect(world.complaints.join()).toContain('the database is away');
    const messages = (await world.events(task)).map((event) => event.message);
    expect(messages.filter((message, at) => messages.indexOf(message) !== at)).toEqual([]);
  });

  it.each([...steps, 'delete'] as const)('another takes over when one dies while a flow waits at %s', async (step) => {
    const first = await startCrashable();
    let hold = true;
    world.executors.script =
      step === 'delete'
        ? { remove: () => (hold ? 'silent' : undefined) }
        : { [step]: () => (hold ? 'silent' : undefined) };
    const task = await world.start('engineering', await world.newProject());
    const seen = await world.seen(step, task);
    first.crash();
    // Long enough for a busy executor to answer what it has taken.
    await world.startReplica({ resendAfterMs: 1000 });
    hold = false;
    world.executors.forget(seen.requestId);
    // The executor had taken the message and lost it: it comes again once it is gone from the stream.
    await world.pool.query('update langgraph.waits set next_check_at = now() where result is null');

    expect(await world.ended(task)).toMatchObject({ status: 'completed', epoch: 1 });
    for (const [name, times] of Object.entries(dispatches(task))) expect(times, name).toBe(name === step ? 2 : 1);
  });

  it('another takes over flows whose driver dies in mid-run, wherever that is', async () => {
    for (let round = 0; round < 4; round += 1) {
      const first = await startCrashable();
      const tasks = await Promise.all(
        Array.from({ length: 4 }, async () => world.start('engineering', await world.newProject())),
      );
      await world.seen(steps[round] ?? 'scaffold', tasks[0] as Task);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
      first.crash();
      const second = await world.startReplica({ resendAfterMs: 500 });

      const done = await Promise.all(tasks.map((task) => world.ended(task, 40_000)));

      expect(done.map((task) => [task.status, task.epoch])).toEqual(tasks.map(() => ['completed', 1]));
      for (const task of tasks) {
        dispatches(task);
        const ends = (await world.story(task)).filter((word) => word === 'completed' || word === 'failed');
        expect(ends).toEqual(['completed']);
      }
      world.replicas.splice(world.replicas.indexOf(second), 1);
      await second.stop();
    }
  });

  it('one that slept through its lease stops acting, and its checkpoints are refused', async () => {
    await world.startReplica();
    let answer: (() => void) | undefined;
    world.executors.script = {
      develop: () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        }),
    };
    const task = await world.start('engineering', await world.scaffoldedProject());
    await world.seen('develop', task);
    // Another driver holds the thread, and does nothing: no answer may make this one act.
    await world.pool.query(
      `update langgraph.threads set driver = 'sleeper', lease_until = now() + interval '1 hour' where task_id = $1`,
      [task.id],
    );
    answer?.();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(world.executors.of('test', task)).toHaveLength(0);
    await world.pool.query(`update langgraph.threads set lease_until = now() where task_id = $1`, [task.id]);

    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
    expect(dispatches(task, ['develop', 'test', 'merge'])).toEqual({ develop: 1, test: 1, merge: 1 });
  });

  it('goes on within a moment when the other replica gets the result', async () => {
    await world.startReplica({ sweepMs: 60_000 });
    await world.startReplica({ sweepMs: 60_000 });
    const task = await world.start('engineering', await world.scaffoldedProject());
    const startedMs = performance.now();

    await world.ended(task);

    expect(performance.now() - startedMs).toBeLessThan(5000);
  });
});
