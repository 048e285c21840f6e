import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder that a person names, and those above it; fine where it is there. Node's own `recursive` tries for ever where
 * a folder takes no entries, as /proc.
 * @throws the error of the system call
 */
export async function makeFolder(path: string, mode = 0o700): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) throw error;
    await makeFolder(parent, mode);
    await mkdir(path, { mode }).catch((again: NodeJS.ErrnoException) => {
      // Somebody else was first.
      if (again.code !== 'EEXIST') throw again;
    });
  }
}
