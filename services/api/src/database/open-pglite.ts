import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { OrchestratorError } from '@codegen/sdk/errors';
import { deathSignalPrefix, LockedError, lockFile } from '@codegen/sdk/processes';
import { PGlite } from '@electric-sql/pglite';
import { type DatabasePool, PglitePool } from './pglite-pool.js';

/** One session and a small database: more buffers cost memory and make no query faster. */
const START_PARAMS = ['-c', 'shared_buffers=2MB', '-c', 'max_connections=5'];
const INITIALISE_MS = 120_000;

// WebAssembly is compiled when it first runs, and not optimized later: that takes 60 MB, and what queries wait for is files.
for (const flag of ['--wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) {
  setFlagsFromString(flag);
}

export interface OpenedPglite {
  readonly pool: DatabasePool;
  /** Waits for running transactions, closes the database and releases the folder. */
  close(): Promise<void>;
}

/**
 * Opens the embedded database in a folder, making it where there is none: about 5 s the first time on a machine,
 * 1 s for later new folders where there is a cache folder for a prepared image, under 0.5 s for an existing one.
 * It survives a killed process but not a power cut: PGlite does not fsync.
 * @throws OrchestratorError DATA_FOLDER_LOCKED where another process has it open
 */
export async function openPglite(
  folder: string,
  options: { cacheFolder?: string | undefined } = {},
): Promise<OpenedPglite> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unlock = await lockFile(join(folder, 'lock')).catch((error: unknown) => {
    if (!(error instanceof LockedError && error.holder)) throw error;
    const { pid } = error.holder;
    const message = `the database ${folder} is in use by process ${pid}: two processes on one database lose data`;
    throw new OrchestratorError('DATA_FOLDER_LOCKED', message, {
      cause: error,
      next: [{ command: `kill ${pid}`, when: 'to stop that process; or choose another folder' }],
    });
  });
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
    await initialise(data);
    if (image) await saveImage(data, image);
    database = await start(data);
  }
  await chmod(data, 0o700);
  await writeFile(complete, `${new Date().toISOString()}\n`, { mode: 0o600 });
  return database;
}

/** As a process of its own, which takes 90 MB with it when it has ended. */
async function initialise(data: string): Promise<void> {
  const text = `import { PGlite } from ${JSON.stringify(import.meta.resolve('@electric-sql/pglite'))};
    const startParams = [...PGlite.defaultStartParams, ...process.argv.slice(2)];
    await (await PGlite.create({ dataDir: process.argv[1], startParams })).close();`;
  const node = [process.execPath, '--input-type=module', '-e', text, '--', data, ...START_PARAMS];
  const [program = '', ...args] = [...(await deathSignalPrefix('SIGKILL')), ...node];
  await promisify(execFile)(program, args, { timeout: INITIALISE_MS, killSignal: 'SIGKILL' }).catch((error) => {
    const why = (error.stderr || error.message).trim().slice(-500);
    throw new Error(`the embedded database cannot be made in ${data}: ${why}`, { cause: error });
  });
}

async function start(data: string, image?: Blob): Promise<PGlite> {
  const database = new PGlite({
    dataDir: data,
    ...(image && { loadDataDir: image }),
    startParams: [...PGlite.defaultStartParams, ...START_PARAMS],
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

/** Of a closed database. Best effort: without the image the next new folder takes longer, nothing else. */
async function saveImage(data: string, image: string): Promise<void> {
  const partial = `${image}.${randomUUID()}`;
  try {
    await mkdir(dirname(image), { recursive: true, mode: 0o700 });
    await writeFile(partial, '', { mode: 0o600, flag: 'wx' });
    await promisify(execFile)('tar', ['-czf', partial, '-C', data, '.']);
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
