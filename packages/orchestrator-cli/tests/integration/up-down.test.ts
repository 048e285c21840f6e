import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { identityOf, isSameProcess, thisProcess } from '@codegen/sdk/processes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

// A prepared database of earlier starts spares each of these seconds.
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
let machine: Machine;
let data: string;
beforeEach(async () => {
  machine = await makeMachine({ XDG_CACHE_HOME: cache });
  data = join(machine.folder, 'data');
});
afterEach(async () => {
  await machine.run(['down', '--data-dir', data]);
  await machine.remove();
});

// Starting a system takes seconds, on a busy machine many.
describe('the system on this machine', { timeout: 150_000 }, () => {
  it('runs on behind the command that brought it up, logged in, until it is taken down', async () => {
    const up = await machine.run(['up', '--detach', '--data-dir', data, '--json']);
    const system = envelopeOf(up).data;
    const status = envelopeOf(await machine.run(['auth', 'status', '--json']));
    // Named by its folder, wherever that comes from: `down` alone is for the system of the profile in use.
    const second = await machine.run(['up', '--json'], { env: { ORCHESTRATOR_DATA_DIR: data } });
    const down = envelopeOf(await machine.run(['down', '--json'], { cwd: '/' }));
    const again = await machine.run(['down', '--data-dir', data]);

    expect(up.code).toBe(0);
    expect(system).toMatchObject({ data_dir: data, log: join(data, 'logs', 'stack.log'), agent: 'demo' });
    expect(status.data).toMatchObject({ profile: 'local', api_url: system.api_url });
    expect(second.code).toBe(5);
    expect(envelopeOf(second).error.message).toContain(`in use by process ${system.pid}`);
    expect(envelopeOf(second).next[0]?.command).toBe(`orchestrator down --data-dir ${data}`);
    expect(down.data).toEqual({ state: 'stopped', pid: system.pid, data_dir: data });
    expect(identityOf(Number(system.pid)).startTime).toBe('');
    expect(again).toMatchObject({ code: 0, stdout: `Nothing runs in ${data}.\n` });
  });

  it('in the foreground stops, in order, when the command is told to end', async () => {
    const running = machine.start(['up', '--data-dir', data]);
    await waitFor('the system', () => running.stderr().includes('The system is up'), { timeoutMs: 100_000 });
    running.child.kill('SIGTERM');
    const { code, stdout, stderr } = await running.ended;

    expect(code).toBe(143);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/Stopping ….*Stopped: the system was stopped/s);
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(`Try: orchestrator up --data-dir ${data}`);
    expect((await machine.run(['down', '--data-dir', data])).stdout).toBe(`Nothing runs in ${data}.\n`);
  });

  it('goes on at signals that were ignored when bin/up was started, as nohup does', async () => {
    const up = join(import.meta.dirname, '../../../../bin/up');
    const child = spawn('sh', ['-c', `trap '' HUP INT; exec "$0" --data-dir "$1"`, up, data], {
      env: { PATH: process.env.PATH, HOME: machine.folder, XDG_CACHE_HOME: cache },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'exit');
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    try {
      await waitFor('the system', () => printed.includes('orchestrator is up'), { timeoutMs: 100_000 });
      for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) child.kill(signal);
      // The first one that was not ignored.
      expect(await ended).toEqual([143, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('is not taken for whoever has its pid by now', async () => {
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'lock'), JSON.stringify({ ...thisProcess(), startTime: '1' }));
    const ended = await machine.run(['down', '--data-dir', data, '--json']);

    expect(ended.code).toBe(0);
    expect(envelopeOf(ended).data).toMatchObject({ state: 'stale_lock', pid: process.pid });
    expect(isSameProcess(thisProcess())).toBe(true);
  });

  it('is that of the profile, of several on the machine, wherever the command is called', async () => {
    const home = join(machine.folder, '.local', 'share', 'orchestrator');
    const other = join(machine.folder, 'other');
    const systems = [home, data, other].map((root) => ({ root, process: spawn('sleep', ['600']) }));
    for (const { root, process } of systems) {
      await mkdir(root, { recursive: true });
      await writeFile(join(root, 'lock'), JSON.stringify(identityOf(process.pid as number)));
    }
    const of = (data_dir: string) => ({ api_url: 'http://127.0.0.1:1', data_dir });
    await mkdir(machine.configFolder);
    await writeFile(
      join(machine.configFolder, 'config.json'),
      JSON.stringify({ current_profile: 'local', profiles: { local: of(data), ci: of(other) } }),
    );
    const runs = () =>
      systems.filter(({ process }) => process.exitCode === null && process.signalCode === null).map(({ root }) => root);
    const stopped = async (args: string[], env = {}) =>
      envelopeOf(await machine.run(['down', '--json', ...args], { cwd: '/', env })).data.data_dir;

    try {
      expect(await stopped([], { ORCHESTRATOR_API_URL: 'http://127.0.0.1:2', ORCHESTRATOR_DATA_DIR: '/none' })).toBe(
        '/none',
      );
      expect(runs()).toEqual([home, data, other]);
      expect(await stopped([])).toBe(data);
      expect(runs()).toEqual([home, other]);
      expect(await stopped(['--profile', 'ci'])).toBe(other);
      expect(await stopped(['--data-dir', home, '--profile', 'ci'])).toBe(home);
      expect(runs()).toEqual([]);
    } finally {
      for (const { process } of systems) process.kill('SIGKILL');
    }
  });

  it('says what is wrong where it cannot start, and leaves nothing running', async () => {
    const foreground = await machine.run(['up', '--data-dir', data, '--agent', 'nobody']);
    const detached = await machine.run(['up', '--detach', '--data-dir', data, '--agent', 'nobody']);

    for (const { code, stderr } of [foreground, detached]) {
      expect(code).toBe(2);
      expect(stderr).toContain('there is no agent named "nobody"; known: demo');
    }
    expect((await machine.run(['down', '--data-dir', data])).stdout).toBe(`Nothing runs in ${data}.\n`);
  });

  it('is said to be missing where the command line is installed without it', async () => {
    const main = pathToFileURL(join(import.meta.dirname, '../../dist/main.js')).href;
    const alone = join(machine.folder, 'alone.mjs');
    await writeFile(alone, `import { main } from '${main}';\nawait main(process.argv.slice(2), process.env);\n`);
    const run = promisify(execFile)(process.execPath, [alone, 'down', '--json']);

    const { stdout } = await run.catch((error: { stdout: string; code: number }) => error);
    expect(envelopeOf({ code: 2, stderr: '', stdout })).toMatchObject({
      error: { code: 'STACK_REQUIRED', exit_code: 2 },
    });
    await expect(run).rejects.toMatchObject({ code: 2 });
  });
});
