import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LockedError, lockFile } from './lock-file.js';

/** A short name of a folder, the same one over links that lead to it. */
export async function folderFingerprint(folder: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Makes this process the only one of a service that works in a folder.
 * @param kind what the folder is called in the error, such as `workers`
 * @returns releases the folder
 * @throws Error where another process holds it, with its pid; as `lockFile` where the lock cannot be made
 */
export async function lockFolder(folder: string, kind: string, service: string): Promise<() => Promise<void>> {
  return await lockFile(join(folder, 'lock')).catch((error: unknown) => {
    if (!(error instanceof LockedError) || !error.holder) throw error;
    const text = `the ${kind} folder ${folder} is in use by process ${error.holder.pid}: stop that ${service} first, or give this one a folder of its own`;
    throw new Error(text, { cause: error });
  });
}
