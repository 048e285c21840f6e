import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.js';
import { childrenOf, root, type StackSystem, startStack } from './support/system.js';

interface Pids {
  /** The process with the API and all services but one. */
  serving: number;
  redis: number;
  infraService: number;
}

describe('an error that nobody caught takes one process with it, which is started again', () => {
  let system: StackSystem;
  let url: string;
  beforeAll(async () => {
    const poison = join(root, 'tests', 'fixtures', 'poison-on-signal.js');
    system = await startStack({ env: { NODE_OPTIONS: `--import ${poison}` } });
    await system.cli(['project', 'create', '--name', 'blog']);
    await task('engineering', '--spec', 'A tea blog');
    url = (await task('deploy')).result.deployed_url;
  });
  afterAll(() => system?.stop());

  async function task(type: 'engineering' | 'deploy', ...flags: string[]) {
    const run = await system.cli([type, 'start', '--project', 'blog', ...flags, '--wait', '--json']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
    return run.json().data;
  }
  async function pids(): Promise<Pids> {
    const [serving = 0] = await childrenOf(system.pid);
    const found: Partial<Pids> = { serving };
    for (const pid of await childrenOf(serving)) {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (command.startsWith('redis-server')) found.redis = pid;
      if (command.includes('infra-service')) found.infraService = pid;
    }
    return found as Pids;
  }
  const answers = async () => (await fetch(`${url}/posts`).catch(() => undefined))?.ok === true;
  const next = (before: Pids) =>
    waitFor('the next infra-service', async () => {
      const { infraService } = await pids();
      return infraService && infraService !== before.infraService ? infraService : undefined;
    });
  const log = async () => (await readFile(join(system.dataDir, 'logs', 'stack.log'), 'utf8')).split('\n');

  it('infra-service: the site answers again, and API and Redis were there all the time', async () => {
    const before = await pids();
    const failures: unknown[] = [];
    let watching = true;
    const watch = (async () => {
      while (watching) {
        const health = await fetch(`${system.apiUrl}/health`).catch((error: unknown) => ({ ok: false, error }));
        if (!health.ok) failures.push(health);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    })();
    process.kill(before.infraService, 'SIGUSR2');
    await next(before);
    await waitFor('the site', answers, { timeoutMs: 60_000 });
    watching = false;
    await watch;

    expect(failures).toEqual([]);
    expect(await pids()).toMatchObject({ serving: before.serving, redis: before.redis });
    const fatal = (await log()).filter((line) => line.includes('"level":60'));
    expect(fatal.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ name: 'infra-service', error: 'a poisoned tick' }),
    ]);
  });

  it('infra-service gets no secret where a release of the same user could read it', async () => {
    const { infraService } = await pids();
    const seen = await Promise.all(
      ['cmdline', 'environ'].map((file) => readFile(`/proc/${infraService}/${file}`, 'utf8')),
    );
    expect(seen.join('')).toContain('ENVIRONMENT_FROM=stdin');
    expect(seen.join('')).not.toContain(new URL(system.redisUrl).password);
    expect(seen.join('')).not.toMatch(/cgk_|redis:/);
  });

  it('infra-service, again and again: the rest is of use meanwhile, and deploys go on after it', async () => {
    const first = await pids();
    for (let crashes = 0; crashes < 4; crashes += 1) {
      const before = await pids();
      process.kill(before.infraService, 'SIGKILL');
      const listed = await system.cli(['project', 'list', '--json']);
      expect(listed.json().data.items).toHaveLength(1);
      await next(before);
    }
    expect((await log()).filter((line) => line.includes('infra-service ended; it restarts')).length).toBe(5);
    await waitFor('that it runs again to be told', async () =>
      (await log()).some((line) => line.includes('infra-service runs again')),
    );
    await task('deploy');
    expect(await answers()).toBe(true);
    expect(await pids()).toMatchObject({ serving: first.serving, redis: first.redis });
  });

  it('any other service: the system is back by itself, at the same address, and the task goes on', async () => {
    const before = await pids();
    const started = await system.cli(['engineering', 'start', '--project', 'blog', '--spec', 'Coffee, too', '--json']);
    process.kill(before.serving, 'SIGUSR2');
    const up = async () => (await fetch(`${system.apiUrl}/health`).catch(() => undefined))?.ok === true;
    await waitFor('the next process', async () => ![0, before.serving].includes((await pids()).serving ?? 0));
    await waitFor('the API', up, { timeoutMs: 60_000 });
    const ended = await system.cli(['engineering', 'wait', started.json().data.id, '--json']);

    expect(ended.json().data).toMatchObject({ status: 'completed' });
    const redis = JSON.parse(await readFile(join(system.dataDir, 'run', 'redis.json'), 'utf8')) as { port: number };
    expect(String(redis.port)).toBe(new URL(system.redisUrl).port);
    await waitFor('the site', answers, { timeoutMs: 60_000 });
    const fatal = (await log()).filter((line) => line.includes('"level":60'));
    expect(fatal).toHaveLength(2);
    expect(JSON.parse(fatal[1] as string)).toMatchObject({
      error: 'a poisoned tick',
      msg: 'the system ends after an uncaught error',
    });
  });

  // As the program of a project may do: it runs as the same user.
  it('whichever process is stopped by a signal goes on, and that is told', async () => {
    const before = await pids();
    for (const pid of [before.infraService, before.redis, before.serving]) process.kill(pid, 'SIGSTOP');
    await waitFor('the site', answers, { timeoutMs: 60_000 });
    await task('engineering', '--spec', 'Milk, too');
    expect(await pids()).toEqual(before);
    const told = (await log()).filter((line) => line.includes('was stopped by a signal and goes on'));
    expect(told.map((line) => JSON.parse(line).msg.split(' ')[0]).sort()).toEqual(['infra-service', 'redis-server']);
  });

  it('a process that is asked to stop, by others than the first one, is started again', async () => {
    for (const which of ['infraService', 'redis', 'serving'] as const) {
      const before = await pids();
      process.kill(before[which], 'SIGTERM');
      await waitFor(`the next ${which}`, async () => ![undefined, before[which]].includes((await pids())[which]), {
        timeoutMs: 60_000,
      });
      await waitFor('the site', answers, { timeoutMs: 60_000 });
    }
    await task('deploy');
    expect(await answers()).toBe(true);
  });
});
