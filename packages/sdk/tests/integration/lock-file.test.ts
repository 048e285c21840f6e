import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { identityOf, LockedError, lockFile, lockHolder, thisProcess } from '../../src/processes/index.js';

let temp: Awaited<ReturnType<typeof tempFolder>>;
let path: string;
const holders: ChildProcess[] = [];

beforeEach(async () => {
  temp = await tempFolder('codegen-lock');
  path = join(temp.path, 'lock');
});
afterEach(async () => {
  for (const child of holders.splice(0)) child.kill('SIGKILL');
  await temp.remove();
});

/** Starts a process that wants the lock, and gives what it says first. */
async function contend(): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'fixtures', 'hold-lock.js'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holders.push(child);
  const [chunk] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
  return { child, says: chunk.toString().trim() };
}

async function isFree(): Promise<void> {
  const unlock = await lockFile(path);
  expect(await lockHolder(path)).toEqual({ holder: thisProcess(), runs: true });
  await unlock();
  expect(await readdir(dirname(path))).toEqual([]);
}

it('a lock belongs to one process, and is free when that is killed', async () => {
  const { child, says } = await contend();
  expect(says).toBe('locked');
  const refused = await lockFile(path).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(LockedError);
  expect(refused).toMatchObject({ holder: identityOf(child.pid as number) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await lockHolder(path)).toMatchObject({ holder: { pid: child.pid }, runs: false });
  await isFree();
});

it('of many in one process that want a lock, one gets it, or each one in its turn', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lockFile(path)));
  const [taken, ...more] = outcomes.filter((one) => one.status === 'fulfilled');
  expect(more).toEqual([]);
  const waiting = lockFile(path, { waitMs: 60_000 });
  await taken?.value();
  await (await waiting)();
  let inside = 0;
  const work = async () => {
    const unlock = await lockFile(path, { waitMs: 60_000 });
    inside += 1;
    expect(inside).toBe(1);
    await new Promise(setImmediate);
    inside -= 1;
    await unlock();
  };
  await Promise.all(Array.from({ length: 5 }, work));
});

it.each([
  ['a pid that another process has by now', JSON.stringify({ ...thisProcess(), startTime: '1' })],
  ['a process of another boot', JSON.stringify({ ...thisProcess(), bootId: 'an earlier one' })],
  ['nothing: it is torn', '{"pid":'],
  ['no process', '{}'],
])('a lock is free that names %s', async (_, text) => {
  await writeFile(path, text);
  await isFree();
});

it('a removal of a stale lock that a killed process began does not block', async () => {
  await writeFile(path, '{}');
  const guard = `${path}.takeover`;
  await writeFile(guard, '');
  const tomorrow = Date.now() / 1000 + 86_400;
  await utimes(guard, tomorrow, tomorrow);
  await isFree();
});

it('a lock of the API of the former release is one', async () => {
  const { pid, startTime: started, bootId: boot } = identityOf(process.ppid);
  await writeFile(path, JSON.stringify({ pid, started, boot }));
  await expect(lockFile(path)).rejects.toMatchObject({ holder: { pid } });
});

it('what stands in the place of a lock and is none is named, with what to do', async () => {
  await mkdir(path);
  await expect(lockFile(path, { waitMs: 60_000 })).rejects.toMatchObject({
    name: 'LockedError',
    message: `${path} is not a file: remove it`,
  });
});

it('a child of the owner takes the lock again, and others do not', async () => {
  const owner = identityOf(process.ppid);
  await lockFile(path, { owner });
  await writeFile(path, JSON.stringify(owner));
  expect((await contend()).says).toBe(`LockedError ${path} is held by process ${owner.pid}`);
});

it('a stale lock that many find at once goes to exactly one of them', async () => {
  for (let round = 0; round < 3; round += 1) {
    await writeFile(path, JSON.stringify({ ...thisProcess(), startTime: '1' }));
    const said = await Promise.all(Array.from({ length: 8 }, contend));
    expect(said.filter(({ says }) => says === 'locked')).toHaveLength(1);
    expect(said.filter(({ says }) => says.startsWith('LockedError'))).toHaveLength(7);
    for (const { child } of said) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
});
