import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import { failedCall } from './file-error.js';

/** Milliseconds for one walk through a tree. */
const TIMEOUT_MS = 120_000;

/**
 * Removes what somebody else filled: folders without permissions, paths that are longer than a system call takes. Follows no
 * link, not even one that is made meanwhile. Fine where nothing is there.
 * @throws {FileError} where something stays
 */
export async function removeTree(path: string): Promise<void> {
  // Programs that walk by descriptor; Node's own goes by path, which has a length and may change under it.
  const remove = ['rm', '-rf', '--', path] as const;
  for (const [program, ...args] of [remove, ['chmod', '-R', 'u+rwX', '--', path] as const, remove]) {
    const child = spawn(program, args, { stdio: 'ignore', timeout: TIMEOUT_MS });
    await once(child, 'exit').catch(() => undefined);
    const isGone = await lstat(path).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (isGone) return;
  }
  throw failedCall(path, 'written', { code: 'ENOTEMPTY' });
}
