import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { PermanentError } from '@codegen/sdk/errors';

/**
 * Writes a file inside a worker: below `repo`, its clone, or `home`. Nothing is written through a symbolic link.
 * @throws {PermanentError} where the path leads anywhere else
 */
export async function writeWorkerFile(folder: string, path: string, content: string): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isInside = !path.startsWith('/') && !parts.includes('..') && !path.includes('\0') && parts.length > 1;
  if (!isInside || !['repo', 'home'].includes(parts[0] as string)) {
    throw new PermanentError('path must be relative and begin with repo/ or home/, without ".."');
  }
  if (parts[0] === 'repo' && parts[1]?.toLowerCase() === '.git')
    throw new PermanentError('path may not be below repo/.git');
  let current = folder;
  for (const part of parts.slice(0, -1)) {
    current = join(current, part);
    await mkdir(current).catch(ignoreExisting);
    if (!(await lstat(current)).isDirectory()) throw new PermanentError(`${part} in path is not a folder`);
  }
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const file = await open(join(current, parts.at(-1) as string), flags, 0o644).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ELOOP' || cause.code === 'EISDIR') {
      throw new PermanentError('path is a link or a folder already', { cause });
    }
    throw cause;
  });
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
