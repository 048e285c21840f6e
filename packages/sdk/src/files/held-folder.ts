import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { failedCall, kindOf, unexpectedKind } from './file-error.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Whether names can be resolved through a folder's descriptor, so that a renamed or replaced path changes nothing. */
const HOLDS = existsSync('/proc/self/fd');

/**
 * A folder that stays the same one while it is open. Systems without /proc/self/fd (macOS) resolve its path each time.
 */
export interface HeldFolder {
  /** Path of an entry of this folder; without a name, of the folder itself. */
  path(name?: string): string;
}

/**
 * Runs work in a folder below a root. The root belongs to the caller and may be a link; below it no link is followed.
 * Returns undefined if the folder is missing.
 * @throws {FileError} if the path holds something other than a folder
 */
export async function holdFolder<T>(
  root: string,
  folders: readonly string[],
  work: (folder: HeldFolder) => Promise<T>,
  { make = false }: { make?: boolean } = {},
): Promise<T | undefined> {
  let path = root;
  let handle = await openFolder(root, root, O_RDONLY | O_DIRECTORY);
  try {
    for (const [at, name] of folders.entries()) {
      if (!handle) return undefined;
      path = pathIn(handle, path, name);
      if (make) await mkdir(path).catch(ignoreExisting);
      const next = await openFolder(path, folders.slice(0, at + 1).join('/'), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await handle.close();
      handle = next;
    }
    const held = handle;
    return held && (await work({ path: (name = '.') => pathIn(held, path, name) }));
  } finally {
    await handle?.close();
  }
}

function pathIn(handle: FileHandle, path: string, name: string): string {
  return join(HOLDS ? `/proc/self/fd/${handle.fd}` : path, name);
}

async function openFolder(path: string, name: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const entry = code === 'ENOTDIR' || code === 'ELOOP' ? await lstat(path).catch(() => undefined) : undefined;
    throw entry ? unexpectedKind(name, kindOf(entry), 'folder') : failedCall(name, 'read', error);
  }
}

/** The parts of a relative path. @throws {TypeError} if it leads out of its root */
export function partsOf(path: string): [folders: string[], name: string] {
  const folders = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = folders.pop();
  if (name === undefined || name === '..' || folders.includes('..') || path.startsWith('/') || path.includes('\0')) {
    throw new TypeError(`${JSON.stringify(path)} is not a path below a folder`);
  }
  return [folders, name];
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
