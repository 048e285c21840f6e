import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { dataFolderPath, makeFolder } from '@codegen/sdk/files';
import { LockedError, lockFile, type ProcessIdentity, thisProcess } from '@codegen/sdk/processes';

/** The folders of one system on this machine. */
export interface DataFolder {
  readonly root: string;
  readonly db: string;
  readonly redis: string;
  readonly repos: string;
  readonly workers: string;
  readonly releases: string;
  readonly keys: string;
  readonly logs: string;
  readonly run: string;
  /** Releases the folder, so that another process may open it. */
  unlock(): Promise<void>;
}

/** The path of the data folder. @throws OrchestratorError USAGE if no folder is named and this account has no home */
export function dataFolderOf(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const folder = dataFolderPath(flag, env);
  if (folder !== undefined) return folder;
  throw new OrchestratorError('USAGE', 'this account has no home folder: set HOME, or use --data-dir', {
    next: [
      {
        command: 'export ORCHESTRATOR_DATA_DIR=FOLDER',
        when: 'with a folder that you can write to; then run the command again',
      },
    ],
  });
}

/**
 * Makes the folder if it is missing and locks it for its owner: PGlite and the AOF allow one process only. If the owner is
 * the parent, its lock outlives this process, and the next child takes it again.
 * @throws OrchestratorError DATA_FOLDER_LOCKED if another process holds it; the message names the process
 */
export async function openDataFolder(root: string, owner: ProcessIdentity = thisProcess()): Promise<DataFolder> {
  const inside = (name: string) => join(root, name);
  const folders = ['db', 'redis', 'repos', 'workers', 'releases', 'keys', 'logs', 'run'] as const;
  await makeFolder(root);
  await chmod(root, 0o700);
  const unlock = await lock(root, owner);
  for (const name of folders) await makeFolder(inside(name));
  const paths = Object.fromEntries(folders.map((name) => [name, inside(name)])) as Record<
    (typeof folders)[number],
    string
  >;
  return { root, ...paths, unlock };
}

async function lock(root: string, owner: ProcessIdentity): Promise<() => Promise<void>> {
  return await lockFile(lockOf(root), { owner }).catch((cause: unknown) => {
    if (cause instanceof LockedError && cause.holder) {
      const { pid } = cause.holder;
      throw new OrchestratorError('DATA_FOLDER_LOCKED', `the data folder ${root} is in use by process ${pid}`, {
        cause,
        details: { data_dir: root },
        next: [{ command: `kill ${pid}`, when: 'to stop the system that uses it' }],
      });
    }
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new OrchestratorError('USAGE', `the data folder ${root} cannot be written (${code ?? message})`, {
      cause,
      next: [{ command: paste`df -h ${root}`, when: 'to see whether the disk is full' }],
    });
  });
}

/** Path of a data folder's lock, which names its process. */
export function lockOf(root: string): string {
  return join(root, 'lock');
}
