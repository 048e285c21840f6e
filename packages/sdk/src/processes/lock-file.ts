import { link, lstat, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess, type ProcessIdentity, thisProcess } from './process-identity.js';

/** A process that runs holds the lock, or something that is no lock stands in its place. */
export class LockedError extends Error {
  override readonly name = 'LockedError';

  constructor(
    /** The lock file. */
    readonly path: string,
    readonly holder: ProcessIdentity | undefined,
  ) {
    super(holder ? `${path} is held by process ${holder.pid}` : `${path} is not a file: remove it`);
  }
}

export interface LockOptions {
  /** Who holds the lock: this process, or a parent for which it works and whose next child takes the lock again. */
  readonly owner?: ProcessIdentity;
  /** Milliseconds to wait for another holder; 0 by default. */
  readonly waitMs?: number;
}

const POLL_MS = 10;
/** Milliseconds after which a takeover was begun by a process that was killed: one takes a few. */
const TAKEOVER_STALE_MS = 5000;

/** The locks of this process, so that it does not take one twice. */
const heldHere = new Set<string>();

/**
 * Takes a lock: a file that names the process that holds it. The lock of a process that is gone is free, also where its
 * pid has been given to another one. Without /proc the pid alone decides.
 * @returns gives the lock up
 * @throws {LockedError} where a process that runs holds it, or no file stands in its place; the error of the system call where
 * it cannot be made
 */
export async function lockFile(
  path: string,
  { owner = thisProcess(), waitMs = 0 }: LockOptions = {},
): Promise<() => Promise<void>> {
  const file = resolve(path);
  const startedMs = performance.now();
  for (;;) {
    const holder = await tryToTake(file, owner);
    if (!holder) break;
    if (performance.now() - startedMs >= waitMs) throw new LockedError(file, holder);
    await sleep(POLL_MS);
  }
  return async () => {
    const holder = await readHolder(file);
    if (holder && isSame(holder, owner)) await rm(file, { force: true });
    heldHere.delete(file);
  };
}

/** Who holds a lock, and whether that process still runs; undefined where nobody holds it. */
export async function lockHolder(path: string): Promise<{ holder: ProcessIdentity; runs: boolean } | undefined> {
  const holder = await readHolder(path);
  return holder && { holder, runs: isSameProcess(holder) };
}

/** @returns who holds the lock; undefined where it is the owner's now */
async function tryToTake(file: string, owner: ProcessIdentity): Promise<ProcessIdentity | undefined> {
  if (heldHere.has(file)) return thisProcess();
  heldHere.add(file);
  const draft = `${file}.${process.pid}`;
  let holder: ProcessIdentity | undefined = owner;
  try {
    await writeFile(draft, JSON.stringify(owner), { mode: 0o600 });
    // link(2) fails where the file exists, and its content is complete where it does not.
    while (!(await linkIfAbsent(draft, file))) {
      const present = await readHolder(file);
      // The child before this one took it for the same owner.
      if (present && isSame(present, owner) && owner.pid !== process.pid) break;
      if (present && isSameProcess(present)) return present;
      await removeStale(file);
    }
    holder = undefined;
    return undefined;
  } finally {
    if (holder) heldHere.delete(file);
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Under a second lock, so that nobody removes the new lock of another process. */
async function removeStale(file: string): Promise<void> {
  const guard = `${file}.takeover`;
  const handle = await open(guard, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!handle) {
    const made = await stat(guard).catch(() => undefined);
    // A time in the future would be waited for: the clock was set back.
    if (made && Math.abs(Date.now() - made.mtimeMs) > TAKEOVER_STALE_MS) await rm(guard, { force: true });
    await sleep(POLL_MS);
    return;
  }
  try {
    const entry = await lstat(file).catch(() => undefined);
    if (entry && !entry.isFile()) throw new LockedError(file, undefined);
    const holder = await readHolder(file);
    if (!holder || !isSameProcess(holder)) await rm(file, { force: true });
  } finally {
    await handle.close();
    await rm(guard, { force: true });
  }
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined for a file that was torn by a power cut, too: nobody holds it. */
async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    const { pid, startTime, bootId } = JSON.parse(await readFile(path, 'utf8')) as Partial<ProcessIdentity>;
    if (!Number.isInteger(pid) || typeof startTime !== 'string' || typeof bootId !== 'string') return undefined;
    return { pid: pid as number, startTime, bootId };
  } catch {
    return undefined;
  }
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId;
}
