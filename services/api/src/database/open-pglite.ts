import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { lockFolder } from './folder-lock.js';
import { type DatabasePool, PglitePool } from './pglite-pool.js';

export interface OpenedPglite {
  readonly pool: DatabasePool;
  /** Waits for running transactions, closes the database and releases the folder. */
  close(): Promise<void>;
}

/**
 * Opens the embedded database in a folder, making it where there is none: about 5 s the first time on a machine,
 * 1 s for later new folders where there is a cache folder for a prepared image, under 0.5 s for an existing one.
 * It survives a killed process but not a power cut: PGlite does not fsync.
 * @throws {FolderLockedError} where another process has it open
 */
export async function openPglite(
  folder: string,
  options: { cacheFolder?: string | undefined } = {},
): Promise<OpenedPglite> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(join(folder, 'lock'));
  try {
    const database = await openOrInitialise(folder, options.cacheFolder);
    const pool = new PglitePool(database);
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= pool.end().finally(unlock);
      return closing;
    };
    return { pool: pool as unknown as DatabasePool, close };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function openOrInitialise(folder: string, cache: string | undefined): Promise<PGlite> {
  const data = join(folder, 'data');
  // Written when initialising is complete: a folder without it was cut off before anyone stored a row.
  const complete = join(folder, 'initialised');
  if (existsSync(complete)) return start(data);
  const image = cache === undefined ? undefined : join(cache, `pglite-${await pgliteVersion()}.tar.gz`);
  await rm(data, { recursive: true, force: true });
  let database = image ? await startFromImage(data, image) : undefined;
  if (!database) {
    await rm(data, { recursive: true, force: true });
    database = await start(data);
    if (image) await saveImage(database, image);
  }
  await chmod(data, 0o700);
  await writeFile(complete, `${new Date().toISOString()}\n`, { mode: 0o600 });
  return database;
}

async function start(data: string, image?: Blob): Promise<PGlite> {
  const database = new PGlite({
    dataDir: data,
    ...(image && { loadDataDir: image }),
    // The default of 128 MB costs 120 MB of memory and gains nothing for a database of this size.
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=8MB'],
  });
  await database.waitReady;
  return database;
}

/** Undefined where there is no image, or it cannot be used; then it is removed, to be made anew. */
async function startFromImage(data: string, image: string): Promise<PGlite | undefined> {
  try {
    const { uid, mode } = await stat(image);
    // Only what this user wrote and nobody else may write: the image becomes the database.
    if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0)) return undefined;
    if (await unpack(image, data)) return await start(data);
    return await start(data, new Blob([await readFile(image)]));
  } catch {
    await rm(image, { force: true }).catch(() => undefined);
    return undefined;
  }
}

/** With tar, in a quarter of the time that PGlite takes for it. False where there is no tar. */
async function unpack(image: string, data: string): Promise<boolean> {
  await mkdir(data, { mode: 0o700 });
  try {
    await promisify(execFile)('tar', ['-xzf', image, '--no-same-owner', '-C', data]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await rm(data, { recursive: true, force: true });
    return false;
  }
}

/** Best effort: without the image the next new folder takes longer, nothing else. */
async function saveImage(database: PGlite, image: string): Promise<void> {
  const partial = `${image}.${randomUUID()}`;
  try {
    const dump = await database.dumpDataDir('gzip');
    await mkdir(join(image, '..'), { recursive: true, mode: 0o700 });
    await writeFile(partial, Buffer.from(await dump.arrayBuffer()), { mode: 0o600, flag: 'wx' });
    await rename(partial, image);
  } catch {
    await rm(partial, { force: true }).catch(() => undefined);
  }
}

async function pgliteVersion(): Promise<string> {
  const manifest = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'));
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  return version;
}
