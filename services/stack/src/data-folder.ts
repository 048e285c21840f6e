import { chmod, link, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { dataFolderPath, makeFolder } from '@codegen/sdk/files';
import { isSameProcess, type ProcessIdentity, thisProcess } from '@codegen/sdk/processes';

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

const TAKEOVER_STALE_MS = 5000;

/**
 * The lock is a file that names its holder. It is made by link(2), which fails where it exists. A file whose holder is
 * gone is removed under a second, short-lived lock, so that no starter removes the fresh lock of another.
 */
async function lock(root: string, mine: ProcessIdentity): Promise<() => Promise<void>> {
  const path = join(root, 'lock');
  const isMine = (holder: ProcessIdentity) => holder.pid === mine.pid && holder.startTime === mine.startTime;
  const draft = `${path}.${mine.pid}`;
  await writeFile(draft, JSON.stringify(mine), { mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    throw new OrchestratorError('USAGE', `the data folder ${root} cannot be written (${cause.code})`, {
      cause,
      next: [{ command: paste`df -h ${root}`, when: 'to see whether its disk is full' }],
    });
  });
  try {
    for (;;) {
      if (await linkIfAbsent(draft, path)) break;
      const holder = await readHolder(path);
      // The process before this one that worked for the same owner.
      if (holder && isMine(holder) && mine.pid !== process.pid) break;
      if (holder && isSameProcess(holder)) {
        throw new OrchestratorError(
          'DATA_FOLDER_LOCKED',
          `the data folder ${root} is in use by process ${holder.pid}`,
          {
            details: { data_dir: root },
            next: [{ command: `kill ${holder.pid}`, when: 'to stop the system that runs there' }],
          },
        );
      }
      await removeStale(path);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return async () => {
    const holder = await readHolder(path);
    if (holder && isMine(holder)) await rm(path, { force: true });
  };
}

/** Who has the folder by its lock, and whether that process still runs; undefined where nobody has it. */
export async function holderOf(root: string): Promise<{ holder: ProcessIdentity; runs: boolean } | undefined> {
  const holder = await readHolder(join(root, 'lock'));
  return holder && { holder, runs: isSameProcess(holder) };
}

async function removeStale(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  const handle = await open(guard, 'wx', 0o600).catch(() => undefined);
  if (!handle) {
    const age = await stat(guard).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > TAKEOVER_STALE_MS) await rm(guard, { force: true });
    await sleep(20);
    return;
  }
  try {
    const holder = await readHolder(path);
    if (!holder || !isSameProcess(holder)) await rm(path, { force: true });
  } finally {
    await handle.close();
    await rm(guard, { force: true });
  }
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
