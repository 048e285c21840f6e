import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { dataFolderPath, makeFolder } from '@codegen/sdk/files';
import { LockedError, lockFile, type ProcessIdentity, thisProcess } from '@codegen/sdk/processes';

/** Everything one system keeps on this machine. */
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
  /** Gives the folder up; another process may open it then. */
  unlock(): Promise<void>;
}

/** Where the data is kept. @throws OrchestratorError USAGE where this account has no home and nothing names a folder */
export function dataFolderOf(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const folder = dataFolderPath(flag, env);
  if (folder !== undefined) return folder;
  throw new OrchestratorError('USAGE', 'this account has no home folder: set HOME, or name a folder with --data-dir', {
    next: [{ command: 'export ORCHESTRATOR_DATA_DIR=FOLDER', when: 'with a folder that you may write to; then again' }],
  });
}

/**
 * Makes the folder where it is missing and locks it for its owner: PGlite and the AOF each want one. The owner's lock
 * outlives this process where that is another one, and is taken again.
 * @throws OrchestratorError DATA_FOLDER_LOCKED, naming the process that holds it
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
        next: [{ command: `kill ${pid}`, when: 'to stop the system that runs there' }],
      });
    }
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new OrchestratorError('USAGE', `the data folder ${root} cannot be written (${code ?? message})`, {
      cause,
      next: [{ command: paste`df -h ${root}`, when: 'to see whether its disk is full' }],
    });
  });
}

/** The lock of a data folder, which names the process that has it. */
export function lockOf(root: string): string {
  return join(root, 'lock');
}
