import { constants, existsSync } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { failedCall, kindOf, unexpectedKind } from './file-error.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Whether a name is looked up in the folder that a descriptor holds, whatever has become of its path meanwhile. */
const HOLDS = existsSync('/proc/self/fd');

/**
 * A folder that stays the same one while it is open. Where the system does not offer that (macOS), it is what its path
 * leads to.
 */
export interface HeldFolder {
  /** Where an entry of this folder is; without a name, the folder itself. */
  path(name?: string): string;
}

/**
 * Runs work in a folder below a root. The root is the caller's own and may be reached over links; none is followed from there
 * on. Undefined where the folder is missing.
 * @throws {FileError} where something else stands in the way
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

/** The parts of a relative path. @throws {TypeError} where it leads out of its root */
export function partsOf(path: string): [folders: string[], name: string] {
  const folders = path.split('/').filter((part) => part !== '' && part !== '.');
  const name = folders.pop();
  if (name === undefined || name === '..' || folders.includes('..') || path.startsWith('/') || path.includes('\0')) {
    throw new TypeError(`${JSON.stringify(path)} does not lead to anything below a folder`);
  }
  return [folders, name];
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
