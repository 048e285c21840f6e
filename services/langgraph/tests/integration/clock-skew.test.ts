import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { forgetClocks, hasFaketime, wrongClock } from '../../../../tests/support/faketime.js';
import { program } from '../../../../tests/support/program.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { World } from '../support/world.js';

const steps = ['develop', 'test', 'merge'] as const;

describe.skipIf(!hasFaketime)(
  'replicas whose clocks are 10 minutes wrong (skipped without libfaketime)',
  { timeout: 120_000 },
  () => {
    let world: World;
    const children = new Set<ChildProcess>();
    let said: string[] = [];
    beforeAll(async () => {
      world = await World.open('PostgreSQL');
    });
    afterEach(async () => {
      await Promise.all([...children].map(kill));
      await world.reset();
      said = [];
    });
    afterAll(() => world?.close());

    function start(minutes: number): void {
      const env = {
        PATH: process.env.PATH,
        REDIS_URL: world.redisServer.url,
        API_URL: world.apiUrl,
        API_TOKEN: world.token,
        DATABASE_URL: world.databaseUrl,
        DEVELOPER_AGENT_CONFIG: 'demo',
        LEASE_MS: '5000',
        SWEEP_MS: '100',
        LOG_LEVEL: 'info',
        ...wrongClock(minutes),
      };
      const child = spawn(process.execPath, [program('langgraph')], { stdio: ['ignore', 'ignore', 'pipe'], env });
      child.stderr?.on('data', (data: Buffer) => said.push(...data.toString().split('\n')));
      children.add(child);
    }

    /** One that is ahead and one that is behind, once both run. */
    async function startBoth(): Promise<void> {
      for (const minutes of [10, -10]) start(minutes);
      const running = () => said.filter((line) => line.includes('langgraph runs')).length;
      await waitFor('both replicas', () => running() === 2, { timeoutMs: 50_000 });
    }

    async function kill(child: ChildProcess): Promise<void> {
      children.delete(child);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      forgetClocks([child.pid]);
    }

    it('drive flows beside each other: one message a step, each wait as long as it should be, true durations', async () => {
      await startBoth();
      const answers: (() => void)[] = [];
      world.executors.script = {
        develop: () => new Promise((resolve) => answers.push(() => resolve(undefined))),
      };
      const project = () => world.scaffoldedProject();
      const tasks = await Promise.all(
        Array.from({ length: 2 }, async () => world.start('engineering', await project())),
      );
      for (const task of tasks) await world.seen('develop', task);
      const waits = async () => {
        const { rows } = await world.pool.query(
          `select extract(epoch from deadline_at - now())::int as deadline, extract(epoch from next_check_at - now())::int as check
           from langgraph.waits where result is null`,
        );
        return rows as { deadline: number; check: number }[];
      };
      // Until its worker has started, a turn has the deadline of that.
      await expect.poll(async () => (await waits()).filter(({ deadline }) => deadline <= 1860)).toHaveLength(2);
      for (const row of await waits()) {
        // A turn of 1800 s and a minute of grace; looked after 30 s later.
        expect(row.deadline).toBeGreaterThan(1790);
        expect(row.deadline).toBeLessThanOrEqual(1860);
        expect(row.check).toBeGreaterThan(-20);
        expect(row.check).toBeLessThanOrEqual(30);
      }
      await sleep(1000);
      for (const answer of answers) answer();

      for (const task of tasks) {
        const ended = await world.ended(task, 60_000);
        expect(ended).toMatchObject({ status: 'completed', epoch: 1, attempt: 1 });
        for (const step of steps) expect(world.executors.of(step, task), step).toHaveLength(1);
        const { duration_ms } = ended.result as { duration_ms: number };
        expect(duration_ms).toBeGreaterThanOrEqual(1000);
        expect(duration_ms).toBeLessThan(120_000);
        const [attempt] = await world.api.tasks.attempts(task.id);
        expect(Math.abs(Date.parse(String(attempt?.finished_at)) - Date.now())).toBeLessThan(120_000);
      }
      const { rows: drivers } = await world.pool.query(
        'select lease_until from langgraph.threads where driver is not null',
      );
      expect(drivers).toEqual([]);
    });

    it('end a wait when its time has run out by the database, not before', async () => {
      await startBoth();
      world.executors.script = { develop: (_, times) => (times === 1 ? 'silent' : undefined) };
      const task = await world.start('engineering', await world.scaffoldedProject());
      await world.seen('develop', task);
      await world.pool.query(
        "update langgraph.waits set deadline_at = now() + interval '2 seconds' where result is null and step = 'develop'",
      );
      await sleep(1000);
      expect(world.executors.of('develop', task)).toHaveLength(1);
      await waitFor('the second turn', () => world.executors.of('develop', task).length === 2, { timeoutMs: 60_000 });
      expect(await world.ended(task, 60_000)).toMatchObject({ status: 'completed', epoch: 2, attempt: 2 });
    });
  },
);
