import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Task } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../../../tests/support/program.js';
import type { Step } from '../support/executors.js';
import { World } from '../support/world.js';

const steps = ['scaffold', 'develop', 'test', 'merge'] as const;

// Processes of their own share PostgreSQL; the embedded database belongs to one process.
describe('kill -9', () => {
  let world: World;
  const children = new Set<ChildProcess>();
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(async () => {
    await Promise.all([...children].map(kill));
    await world.reset();
  });
  afterAll(() => world.close());

  function start(): ChildProcess {
    const child = spawn(process.execPath, [program('langgraph')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        REDIS_URL: world.redisServer.url,
        API_URL: world.apiUrl,
        API_TOKEN: world.token,
        DATABASE_URL: world.databaseUrl,
        DEVELOPER_AGENT_CONFIG: 'demo',
        LEASE_MS: '1500',
        SWEEP_MS: '100',
        LOG_LEVEL: 'warn',
      },
    });
    child.stderr?.on('data', (data: Buffer) => world.complaints.push(data.toString()));
    children.add(child);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  const expectOneOfEach = (task: Task) => {
    for (const step of steps) {
      const ids = world.executors.of(step as Step, task).map((one) => one.requestId);
      expect(new Set(ids).size, step).toBe(1);
    }
  };

  it.each(steps)('another process goes on with a flow whose driver was killed while it waited at %s', async (step) => {
    const first = start();
    let answer: (() => void) | undefined;
    world.executors.script = {
      [step]: () =>
        new Promise((resolve) => {
          answer = () => resolve(undefined);
        }),
    };
    const task = await world.start('engineering', await world.newProject());
    await world.seen(step, task);
    await kill(first);
    answer?.();
    start();

    expect(await world.ended(task, 30_000)).toMatchObject({ status: 'completed', epoch: 1 });
    for (const one of steps) expect(world.executors.of(one, task), one).toHaveLength(1);
  });

  it('flows survive a service that is killed again and again', async () => {
    const tasks = await Promise.all(
      Array.from({ length: 8 }, async () => world.start('engineering', await world.newProject())),
    );
    const ended = Promise.all(tasks.map((task) => world.ended(task, 55_000)));
    let over = false;
    const finished = ended.finally(() => {
      over = true;
    });
    finished.catch(() => undefined);
    for (let kills = 0; kills < 6 && !over; kills += 1) {
      const child = start();
      await new Promise((resolve) => setTimeout(resolve, 1500 + Math.random() * 1500));
      await kill(child);
    }
    start();

    expect((await finished).map((task) => [task.status, task.epoch])).toEqual(tasks.map(() => ['completed', 1]));
    for (const task of tasks) {
      expectOneOfEach(task);
      const ends = (await world.story(task)).filter((word) => word === 'completed' || word === 'failed');
      expect(ends).toEqual(['completed']);
    }
  });

  it('flows survive a database that drops every connection again and again', async () => {
    start();
    const tasks = await Promise.all(
      Array.from({ length: 4 }, async () => world.start('engineering', await world.newProject())),
    );
    const ended = Promise.all(tasks.map((task) => world.ended(task, 50_000)));
    for (let times = 0; times < 8; times += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await world.pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'codegen-langgraph'",
      );
    }

    expect((await ended).map((task) => [task.status, task.epoch])).toEqual(tasks.map(() => ['completed', 1]));
    for (const task of tasks) expectOneOfEach(task);
  });

  it('stops on SIGTERM and gives its threads away', async () => {
    const child = start();
    world.executors.script = { develop: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    await world.seen('develop', task);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');

    expect(await exited).toEqual([0, null]);
    const { rows } = await world.pool.query('select driver, state from langgraph.threads where task_id = $1', [
      task.id,
    ]);
    expect(rows).toEqual([{ driver: null, state: 'waiting' }]);
  });
});
