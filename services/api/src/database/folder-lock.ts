import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isSameProcess, thisProcess } from '@codegen/sdk/processes';

interface Holder {
  pid: number;
  /** When the process started, so that another process with a recycled pid is not taken for it. */
  started: string;
  /** The boot that `started` counts from; a lock that an earlier version made does not name it. */
  boot?: string;
}

/** Thrown where another process (or this one) has the folder open. */
export class FolderLockedError extends Error {
  readonly code = 'DATA_FOLDER_LOCKED';
  constructor(
    readonly path: string,
    readonly pid: number,
  ) {
    super(
      `${path} is held by process ${pid}: two processes on one database lose data. Stop that process, or choose another folder`,
    );
  }
}

const heldHere = new Set<string>();

/** Takes the lock file, also from a process that died without releasing it. Resolves to the release. */
export async function lockFolder(path: string): Promise<() => Promise<void>> {
  const file = resolve(path);
  if (heldHere.has(file)) throw new FolderLockedError(file, process.pid);
  heldHere.add(file);
  try {
    await takeLock(file);
  } catch (error) {
    heldHere.delete(file);
    throw error;
  }
  return async () => {
    await rm(file, { force: true });
    heldHere.delete(file);
  };
}

async function takeLock(file: string): Promise<void> {
  const own = `${file}.${randomUUID()}`;
  const { pid, startTime, bootId } = thisProcess();
  const me: Holder = { pid, started: startTime, boot: bootId };
  await writeFile(own, JSON.stringify(me), { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      // link() is the atomic step: it fails where the lock exists, and the content is complete when it succeeds.
      const taken = await link(own, file).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (taken) return;
      const holder = await readHolder(file);
      if (holder && isAlive(holder)) throw new FolderLockedError(file, holder.pid);
      await removeStale(file, holder);
    }
  } finally {
    await rm(own, { force: true });
  }
}

/** Moves a dead holder's lock aside; puts it back where someone else took it over in between. */
async function removeStale(file: string, dead: Holder | undefined): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  if (moved && (moved.pid !== dead?.pid || moved.started !== dead.started)) {
    await link(aside, file).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started, boot = thisProcess().bootId }: Holder): boolean {
  return isSameProcess({ pid, startTime: started, bootId: boot });
}
