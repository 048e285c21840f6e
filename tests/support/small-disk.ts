import { execFile } from 'node:child_process';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);

export interface SmallDisk {
  readonly path: string;
  /** Leaves that many bytes free. */
  fill(leftBytes?: number): Promise<void>;
  /** Takes away again what `fill` put there. */
  makeRoom(): Promise<void>;
  remove(): Promise<void>;
}

/** A disk of its own, of that many MiB, as the options of its mount and its owner say. */
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
      // What still runs there loses it when it ends.
      await run('umount', ['--lazy', folder.path]);
      await folder.remove();
    },
  };
}
