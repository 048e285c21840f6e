import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and its parents, unless they exist. Node's own `recursive` loops forever in a folder that accepts no
 * entries, such as /proc.
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
      // Another process was first.
      if (again.code !== 'EEXIST') throw again;
    });
  }
}
