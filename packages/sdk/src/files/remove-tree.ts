import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import { failedCall } from './file-error.js';

/** Milliseconds for one walk through a tree. */
const TIMEOUT_MS = 120_000;

/**
 * Removes a folder that others wrote to, also folders without permissions and paths longer than a system call allows.
 * Follows no link, not even one made meanwhile. Does nothing if the path is missing.
 * @throws {FileError} if something remains
 */
export async function removeTree(path: string): Promise<void> {
  // These programs walk by descriptor. Node's rm walks by path, which has a maximum length and may change meanwhile.
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
