import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import {
  argumentsOf,
  endTree,
  identityOf,
  isSameProcess,
  type ProcessTree,
  processTable,
  thisProcess,
  variableOf,
  workingFolderOf,
} from '../../src/processes/index.js';

const MARKER = 'TEST_RUN_ID';
const dist = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'processes', 'index.js')).href;

let run: string;
let folder: Awaited<ReturnType<typeof tempFolder>>;
let children: ChildProcess[];
let spare: Set<number>;
beforeEach(async () => {
  run = randomUUID();
  folder = await tempFolder();
  children = [];
  spare = new Set();
});
afterEach(async () => {
  for (const pid of [...children.map((child) => child.pid), ...spare]) {
    try {
      process.kill(pid as number, 'SIGKILL');
    } catch {
      // As it should be: it is gone.
    }
  }
  await folder.remove();
});

const marked = (): ProcessTree => ({ markers: { [MARKER]: (value) => value === run } });

/** Starts a shell script in a session of its own, under the marker. It says its pids in the file `pids`. */
function shell(script: string, env: NodeJS.ProcessEnv = { [MARKER]: run }): ChildProcess {
  const child = spawn('sh', ['-c', script], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: 'ignore',
  });
  children.push(child);
  return child;
}

/** The pids that a script wrote, when there are as many. */
async function pids(count: number): Promise<number[]> {
  const found = await waitFor('the pids', async () => {
    const numbers = (await readFile(join(folder.path, 'pids'), 'utf8')).trim().split('\n').map(Number);
    return numbers.length === count && numbers;
  });
  for (const pid of found) spare.add(pid);
  return found;
}

const living = async (wanted: readonly number[]) =>
  (await processTable()).filter(({ pid }) => wanted.includes(pid)).map(({ pid }) => pid);

describe('the end of a tree', () => {
  it('is asked for first: who listens ends by itself, in its own time', async () => {
    shell('trap "sleep 0.3; echo bye > said; exit" TERM; echo $$ >> pids; while :; do sleep 0.05; done');
    const members = await pids(1);
    await endTree(marked(), { graceMs: 10_000 });
    expect(await readFile(join(folder.path, 'said'), 'utf8')).toBe('bye\n');
    expect(await living(members)).toEqual([]);
  });

  it('comes for who ignores SIGTERM, after the grace and not before', async () => {
    shell('trap "" TERM; echo $$ >> pids; while :; do sleep 0.05; done');
    const members = await pids(1);
    const ended = endTree(marked(), { graceMs: 600 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await living(members)).toEqual(members);
    await ended;
    expect(await living(members)).toEqual([]);
  });

  it('takes along who left group, session and parent, and is deaf on top', async () => {
    const deaf = 'trap "" TERM; echo $$ >> pids; while :; do sleep 0.05; done';
    shell(`(setsid sh -c '${deaf}' & ) ; echo $$ >> pids; exec sleep 60`);
    const members = await pids(2);
    await endTree(marked(), { graceMs: 100 });
    expect(await living(members)).toEqual([]);
  });

  it('takes along who dropped the marker: children of its processes and what shares a session with them', async () => {
    const bare = 'echo $$ >> pids; exec sleep 60';
    // The first has its parent still; the second is an orphan in the session of one that carries the marker.
    shell(`env -u ${MARKER} setsid -w sh -c '${bare}' & (env -u ${MARKER} sh -c '${bare}' & ) ; ${bare}`);
    const members = await pids(3);
    await endTree(marked(), { graceMs: 0 });
    expect(await living(members)).toEqual([]);
  });

  it('reaches a group whose leader is gone, by the identity of the leader', async () => {
    const child = shell('sleep 60 & echo $! >> pids; sleep 0.2', {});
    const leader = identityOf(child.pid as number);
    const members = await pids(1);
    await once(child, 'exit');
    expect(await living(members)).toEqual(members);
    await endTree({ leaders: [leader], markers: {} }, { graceMs: 0 });
    expect(await living(members)).toEqual([]);
  });

  it('comes for newcomers too, until none is left', async () => {
    const successor = 'trap "" TERM; while :; do sleep 0.05; done';
    shell(
      `trap 'setsid sh -c "$SUCCESSOR" & echo left one > said; exit' TERM; echo $$ >> pids; while :; do sleep 0.05; done`,
      {
        [MARKER]: run,
        SUCCESSOR: successor,
      },
    );
    await pids(1);
    await endTree(marked(), { graceMs: 500 });
    expect(await readFile(join(folder.path, 'said'), 'utf8')).toBe('left one\n');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await processTable()).filter((entry) => variableOf(entry, MARKER) === run)).toEqual([]);
  });

  it('asks one process alone where that is to end the others, and grants no grace where it is gone', async () => {
    const waits = (name: string) =>
      `trap "echo ${name} >> said; exit" TERM; echo $$ >> pids; while :; do sleep 0.05; done`;
    const chief = shell(waits('chief'));
    shell(waits('other'));
    const members = await pids(2);
    await endTree(marked(), { graceMs: 500, ask: chief.pid });
    expect(await readFile(join(folder.path, 'said'), 'utf8')).toBe('chief\n');
    expect(await living(members)).toEqual([]);

    shell(waits('late'));
    await pids(3);
    const startedAt = Date.now();
    await endTree(marked(), { graceMs: 30_000, ask: chief.pid });
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(await readFile(join(folder.path, 'said'), 'utf8')).toBe('chief\n');
  });

  it('does not come for a process that got the pid of a leader later', async () => {
    const stranger = shell('exec sleep 60', {});
    const now = identityOf(stranger.pid as number);
    const before = { ...now, startTime: '1' };
    await endTree({ leaders: [before], markers: {} }, { graceMs: 100 });
    expect(isSameProcess(now)).toBe(true);
    await endTree({ leaders: [now], markers: {} }, { graceMs: 100 });
    expect(isSameProcess(now)).toBe(false);
  });

  it('does not come for whom it has nothing to do with, nor for the process that asks, though it carries the marker', async () => {
    const other = shell('exec sleep 60', { [MARKER]: 'another run' });
    const prefix = shell('exec sleep 60', { [MARKER]: `${run}0` });
    const script = `
      import { spawn } from 'node:child_process';
      import { endTree, thisProcess } from '${dist}';
      spawn('sleep', ['60']);
      await endTree({ leaders: [thisProcess()], markers: { ${MARKER}: (value) => value === '${run}' } }, { graceMs: 100 });
      process.stdout.write('still here');`;
    const asking = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: process.env.PATH, [MARKER]: run },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(asking);
    const [said] = (await once(asking.stdout as NonNullable<typeof asking.stdout>, 'data')) as [Buffer];
    expect(said.toString()).toBe('still here');
    if (asking.exitCode === null) await once(asking, 'exit');
    const rest = [other.pid, prefix.pid] as number[];
    expect((await living(rest)).sort()).toEqual(rest.sort());
    expect((await processTable()).filter((entry) => variableOf(entry, MARKER) === run)).toEqual([]);
  });

  it('does not wait for zombies', async () => {
    // What takes the place of the shell does not wait for its child.
    const parent = shell(`env ${MARKER}=${run} sleep 0 & echo $! >> pids; exec sleep 60`, {});
    const [zombie] = (await pids(1)) as [number];
    const state = async () => (await readFile(`/proc/${zombie}/stat`, 'utf8')).split(') ')[1]?.[0];
    await waitFor('a zombie', async () => (await state()) === 'Z');
    expect(isSameProcess({ ...identityOf(parent.pid as number), pid: zombie })).toBe(false);
    expect(await living([zombie])).toEqual([]);
    const startedAt = Date.now();
    await endTree({ leaders: [identityOf(zombie)], ...marked() }, { graceMs: 30_000 });
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(await state()).toBe('Z');
  });
});

describe('the identity of a process', () => {
  it('is that of this process, and of no other that had its pid before, in this boot or another', () => {
    const me = thisProcess();
    expect(isSameProcess(me)).toBe(true);
    expect(isSameProcess({ ...me, startTime: '1' })).toBe(false);
    expect(isSameProcess({ ...me, startTime: '' })).toBe(false);
    expect(isSameProcess({ ...me, bootId: 'another' })).toBe(false);
  });

  it('ends with the process', async () => {
    const child = shell('exec sleep 60');
    const identity = identityOf(child.pid as number);
    expect(isSameProcess(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isSameProcess(identity)).toBe(false);
    expect(isSameProcess(identityOf(child.pid as number))).toBe(false);
  });
});

it('the table tells of a process: parent, group, session, variables, folder, arguments', async () => {
  const child = shell('echo $$ >> pids; exec sleep 60', { [MARKER]: 'ü=1', EMPTY: '' });
  const [pid] = (await pids(1)) as [number];
  await waitFor('sleep', () => argumentsOf(pid)[0] === 'sleep');
  const entry = (await processTable()).find((one) => one.pid === pid);
  if (!entry) throw new Error('not in the table');
  expect(entry).toMatchObject({ pid: child.pid, parent: process.pid, group: pid, session: pid });
  expect(entry.startTime).toBe(identityOf(pid).startTime);
  expect(variableOf(entry, MARKER)).toBe('ü=1');
  expect(variableOf(entry, 'EMPTY')).toBe('');
  expect(variableOf(entry, 'MARK')).toBeUndefined();
  expect(workingFolderOf(pid)).toBe(folder.path);
  expect(argumentsOf(pid).slice(0, 2)).toEqual(['sleep', '60']);
});

it('a command behind the prefix dies with who started it, however that ends', async () => {
  const script = `
    import { spawn } from 'node:child_process';
    import { deathSignalPrefix } from '${dist}';
    const [program, ...args] = [...(await deathSignalPrefix('SIGTERM')), 'sleep', '60'];
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    process.stdout.write(program + ' ' + child.pid);
    setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(parent);
  const [said] = (await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data')) as [Buffer];
  const [program, number] = said.toString().split(' ');
  expect(program).toMatch(/^\/.*\/setpriv$/);
  const pid = Number(number);
  spare.add(pid);
  await waitFor('sleep', () => argumentsOf(pid)[0] === 'sleep');
  parent.kill('SIGKILL');
  await waitFor('the kernel to end it', async () => (await living([pid])).length === 0);
});
