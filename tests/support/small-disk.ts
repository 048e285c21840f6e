import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);

export interface SmallDisk {
  readonly path: string;
  /** Fills the disk up to a number of free bytes. */
  fill(leftBytes?: number): Promise<void>;
  /** Removes the data of `fill`. */
  makeRoom(): Promise<void>;
  remove(): Promise<void>;
}

/** Mounts a new disk of a size in MiB, with mount options and an owner. */
export async function smallDisk(
  sizeMib: number,
  { options = 'rw', owner = 'root' }: { options?: string; owner?: string } = {},
): Promise<SmallDisk> {
  const folder = await tempFolder('codegen-disk');
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m,uid=${owner},${options}`, 'tmpfs', folder.path]);
  const ballast = join(folder.path, 'ballast');
  return {
    path: folder.path,
    fill: async (leftBytes = 0) => {
      const { bavail, bsize } = await statfs(folder.path);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
    },
    makeRoom: () => rm(ballast, { force: true }),
    remove: async () => {
      // Lazy: a process that still uses it keeps it until it ends.
      await run('umount', ['--lazy', folder.path]);
      await folder.remove();
    },
  };
}
