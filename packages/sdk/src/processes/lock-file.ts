import { link, lstat, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess, type ProcessIdentity, thisProcess } from './process-identity.js';

/** A running process holds the lock, or its path holds something that is not a file. */
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
  /** The holder: this process by default, or its parent, whose next child takes the lock again. */
  readonly owner?: ProcessIdentity;
  /** Milliseconds to wait for the current holder; 0 by default. */
  readonly waitMs?: number;
}

const POLL_MS = 10;
/** Milliseconds after which the process that removes a stale lock counts as killed: removing takes a few. */
const GUARD_STALE_MS = 5000;

/** Locks that this process holds, so that it takes none twice. */
const heldHere = new Set<string>();

/**
 * Takes a lock: a file that names its holder. The lock of a dead process is free, even if another process has its pid now.
 * Without /proc only the pid counts.
 * @returns a function that releases the lock
 * @throws {LockedError} if a running process holds it, or its path holds something that is not a file; the error of the
 * system call if it cannot be made
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

/** The holder of a lock, and whether it still runs; undefined if there is no lock. */
export async function lockHolder(path: string): Promise<{ holder: ProcessIdentity; runs: boolean } | undefined> {
  const holder = await readHolder(path);
  return holder && { holder, runs: isSameProcess(holder) };
}

/** @returns the other holder; undefined if the owner has the lock now */
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
      // An earlier child took it for the same owner.
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

/** Under a second lock, so that no process removes the new lock of another one. */
async function removeStale(file: string): Promise<void> {
  const guard = `${file}.takeover`;
  const handle = await open(guard, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!handle) {
    const made = await stat(guard).catch(() => undefined);
    // abs: a time in the future, after the clock was set back, must not block.
    if (made && Math.abs(Date.now() - made.mtimeMs) > GUARD_STALE_MS) await rm(guard, { force: true });
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

/** Undefined if no process holds it: there is no file, or a torn one after a power cut. */
async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EISDIR') throw error;
    return '';
  });
  try {
    // The API's lock of the former release has other names.
    const { pid, started, boot, startTime = started, bootId = boot } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isInteger(pid) || typeof startTime !== 'string' || typeof bootId !== 'string') return undefined;
    return { pid: pid as number, startTime, bootId };
  } catch {
    return undefined;
  }
}

function isSame(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId;
}
