import { lstat, mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError, paste } from '@codegen/sdk/errors';

/** Milliseconds after which a lock is of a process that was killed: a change takes a few. */
const ABANDONED_MS = 5000;
/** Milliseconds that a change waits for others, some of which may have been killed. */
const PATIENCE_MS = 3 * ABANDONED_MS;
const POLL_MS = 10;

/**
 * Runs a change of a folder's configuration while no other process makes one.
 * @throws OrchestratorError USAGE where something that is no lock stands in its place
 */
export async function withConfigLock(
  folder: string,
  change: () => Promise<void>,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Promise<void> {
  const lock = join(folder, 'config.lock');
  const startedMs = performance.now();
  for (let state = await tryToTake(lock); state !== 'mine'; state = await tryToTake(lock)) {
    if (state === 'no lock' || performance.now() - startedMs > patienceMs) {
      throw new OrchestratorError('USAGE', `the configuration cannot be changed: ${lock} is in the way`, {
        next: [{ command: paste`rm -r ${lock}`, when: 'where no other command is changing the configuration' }],
      });
    }
    await sleep(POLL_MS);
  }
  try {
    await change();
  } finally {
    await rmdir(lock).catch(() => undefined);
  }
}

/** Takes the lock, unless somebody else has it; one that was left behind is cleared away. */
async function tryToTake(lock: string): Promise<'mine' | 'taken' | 'no lock'> {
  try {
    await mkdir(lock);
    return 'mine';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const made = await lstat(lock).catch(() => undefined);
    if (made && !made.isDirectory()) return 'no lock';
    // One with a time in the future would be waited for until then: the clock was set back.
    if (made && Math.abs(Date.now() - made.mtimeMs) > ABANDONED_MS) await rmdir(lock).catch(() => undefined);
    return 'taken';
  }
}
