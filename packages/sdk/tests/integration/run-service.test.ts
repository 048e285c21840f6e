import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';

const FIXTURE = fileURLToPath(new URL('../fixtures/service-process.js', import.meta.url));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(env: Record<string, string>, input?: string) {
  const child = spawn(process.execPath, [FIXTURE], {
    env: { PATH: process.env.PATH, GREETING: 'hello', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  child.stdin?.end(input);
  const exit = once(child, 'exit');
  const stderr = child.stderr as NonNullable<typeof child.stderr>;
  const output = text(stderr);
  /** Waits until it has logged this. */
  const said = async (what: string) => {
    let seen = '';
    const look = new Promise<void>((resolve) => {
      stderr.on('data', (data) => {
        seen += data;
        if (seen.includes(what)) resolve();
      });
    });
    await Promise.race([look, exit.then(() => Promise.reject(new Error(`it ended without saying ${what}`)))]);
  };
  return { child, exit, said, ready: () => once(child, 'message'), stderr: () => output };
}

const messages = (log: string) =>
  log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).msg);

describe('a service as a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order on %s, with exit code 0', async (signal) => {
    const service = run({});
    expect((await service.ready())[0]).toEqual({ ready: true });
    service.child.kill(signal);
    expect(await service.exit).toEqual([0, null]);
    const steps = ['hello', 'example runs', 'example stops', 'closing', 'closed', 'example stopped'];
    expect(messages(await service.stderr())).toEqual(steps);
  });

  it('logs no secret of its configuration', async () => {
    const service = run({});
    await service.ready();
    service.child.kill('SIGTERM');
    await service.exit;
    expect(await service.stderr()).toContain('"token":"[Redacted]"');
    expect(await service.stderr()).not.toContain('hunter2');
  });

  it('ends at once on a second signal', async () => {
    const service = run({ FAULT: 'stop-hangs' });
    await service.ready();
    const closing = service.said('closing');
    service.child.kill('SIGTERM');
    await closing;
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([1, null]);
  });

  it('waits with a stop until it has started, and ends at once on a second signal', async () => {
    const service = run({ FAULT: 'start-hangs' });
    await service.said('hello');
    const told = service.said('example stops when it has started');
    service.child.kill('SIGTERM');
    await told;
    expect(service.child.exitCode).toBeNull();
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([1, null]);
  });

  it('says in one line which variable to set, and exits with 1', async () => {
    const service = run({ GREETING: '' });
    expect(await service.exit).toEqual([1, null]);
    expect(await service.stderr()).toBe('example: GREETING is not set. Set it to a word.\n');
  });

  it('says at once everything that is missing or wrong, one line each', async () => {
    const service = run({ SERVICE: 'scheduler', GREETING: '', LOG_LEVEL: 'loud', INSTANCE: 'a/b' });
    expect(await service.exit).toEqual([1, null]);
    const named = (await service.stderr()).match(/^scheduler: \w+/gm)?.sort();
    const variables = ['API_TOKEN', 'API_URL', 'GREETING', 'INSTANCE', 'LOG_LEVEL', 'REDIS_URL'];
    expect(named).toEqual(variables.map((name) => `scheduler: ${name}`));
  });

  it('names LOG_LEVEL when there is no such level', async () => {
    const service = run({ LOG_LEVEL: 'loud' });
    expect(await service.exit).toEqual([1, null]);
    expect(await service.stderr()).toMatch(/^example: LOG_LEVEL must be one of .*\binfo\b.*\n$/);
  });

  it.each([
    ['start-fails', ['hello', 'example did not start']],
    [
      'done-rejects',
      ['hello', 'example runs', 'example cannot go on, and stops', 'closing', 'closed', 'example stopped'],
    ],
  ])('exits with 1 when it fails: %s', async (FAULT, steps) => {
    const service = run({ FAULT });
    expect(await service.exit).toEqual([1, null]);
    expect(messages(await service.stderr())).toEqual(steps);
    expect(await service.stderr()).not.toContain('hunter2');
  });

  it.each(['throws-later', 'rejects-later'])(
    'ends at once, with one line that says what it was, on an error that nobody caught: %s',
    async (FAULT) => {
      const service = run({ FAULT });
      expect(await service.exit).toEqual([1, null]);
      const log = await service.stderr();
      expect(messages(log)).toEqual(['hello', 'example runs', 'example ends: nobody caught this error']);
      expect(JSON.parse(log.trimEnd().split('\n').at(-1) as string)).toMatchObject({
        level: 60,
        error: 'a poisoned tick',
        stack: expect.stringContaining('service-process.js'),
      });
      expect(log).not.toContain('hunter2');
    },
  );

  // A write to /dev/full fails with ENOSPC, as that to a log on a full disk.
  describe('whose log cannot be written', () => {
    const onFullDisk = (env: Record<string, string>) => {
      const full = openSync('/dev/full', 'a');
      const stdio: StdioOptions = ['ignore', 'pipe', full, 'ipc'];
      const child = spawn(process.execPath, [FIXTURE], {
        env: { PATH: process.env.PATH, GREETING: 'hello', ...env },
        stdio,
      });
      closeSync(full);
      children.push(child);
      return { child, exit: once(child, 'exit'), ready: once(child, 'message') };
    };

    it('does its work, and stops in order', async () => {
      const { child, exit, ready } = onFullDisk({});
      expect((await ready)[0]).toEqual({ ready: true });
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    });

    it('ends all the same on an error that nobody caught', async () => {
      const { exit, ready } = onFullDisk({ FAULT: 'throws-later' });
      expect((await ready)[0]).toEqual({ ready: true });
      expect(await exit).toEqual([1, null]);
    });
  });

  it('takes variables from its parent on standard input, and stops when that goes', async () => {
    const service = run({ ENVIRONMENT_FROM: 'stdin', GREETING: 'overruled' }, '{"GREETING":"handed over"}');
    await service.ready();
    service.child.disconnect();
    expect(await service.exit).toEqual([0, null]);
    expect(messages(await service.stderr()).slice(0, 3)).toEqual(['handed over', 'example runs', 'example stops']);
  });

  it('says that no variables came on standard input, and nothing of what did', async () => {
    const service = run({ ENVIRONMENT_FROM: 'stdin' }, '{"API_TOKEN":"hunter2",');
    expect(await service.exit).toEqual([1, null]);
    expect(await service.stderr()).toBe(
      'example: ENVIRONMENT_FROM is stdin, but no JSON object of variables came. Send one, or leave it out.\n',
    );
  });

  it('exits with 1 when it cannot be stopped cleanly', async () => {
    const service = run({ FAULT: 'stop-fails' });
    await service.ready();
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([1, null]);
    expect(await service.stderr()).toContain('a file is lost');
  });

  it('goes on when its work is done, until it is asked to stop', async () => {
    const service = run({ FAULT: 'done-resolves' });
    await service.ready();
    service.child.kill('SIGTERM');
    expect(await service.exit).toEqual([0, null]);
  });

  it('writes nothing on stdout', async () => {
    const service = run({});
    const stdout = text(service.child.stdout as NonNullable<typeof service.child.stdout>);
    await service.ready();
    service.child.kill('SIGTERM');
    expect(await stdout).toBe('');
  });
});
