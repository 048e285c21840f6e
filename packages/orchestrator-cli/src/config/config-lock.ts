import { mkdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds after which a lock is of a process that was killed: a change takes a few. */
const ABANDONED_MS = 5000;
const POLL_MS = 10;

/** Runs a change of a folder's configuration while no other process makes one. */
export async function withConfigLock(folder: string, change: () => Promise<void>): Promise<void> {
  const lock = join(folder, 'config.lock');
  while (!(await tryToTake(lock))) await sleep(POLL_MS);
  try {
    await change();
  } finally {
    await rmdir(lock).catch(() => undefined);
  }
}

/** Takes the lock; false where somebody else has it, and one that was left behind is cleared away. */
async function tryToTake(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const made = await stat(lock).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > ABANDONED_MS) await rmdir(lock).catch(() => undefined);
    return false;
  }
}
