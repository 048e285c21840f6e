import { setTimeout as sleep } from 'node:timers/promises';
import { sayAway, sayBack } from '@codegen/sdk/service';
import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import type { Logger } from '../logger.js';
import { isDatabaseAway } from './availability.js';
import { fairPool } from './fair-pool.js';
import type { DatabasePool } from './pglite-pool.js';
import type { Database } from './schema.js';

/** Where the tables are: a pool that someone else owns, a PostgreSQL server, or a folder for the embedded database. */
export type DatabaseConfig =
  | { pool: DatabasePool }
  | { url: string }
  | { folder: string; cacheFolder?: string | undefined };

export interface OpenedDatabase {
  readonly db: Kysely<Database>;
  /** Closes what was opened here; a pool that was given stays open. */
  close(): Promise<void>;
}

const BOOT_PATIENCE_MS = 30_000;

/** Opens the database and waits, up to 30 s, until it answers. */
export async function openDatabase(config: DatabaseConfig, logger: Logger): Promise<OpenedDatabase> {
  const { pool, close } = await openPool(config, logger);
  const fair = fairPool(pool, sharesOf(pool)) as unknown as PostgresPool;
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: fair }) });
  try {
    await waitUntilAnswering(pool, logger);
  } catch (error) {
    await close();
    throw error;
  }
  return { db, close };
}

/** A server's sessions, or the one of the embedded database; whoever waits for one does so as long as the pool itself does. */
function sharesOf(pool: DatabasePool): { sessions: number; patienceMs: number } {
  const { options = {} } = pool as { options?: { max?: number; connectionTimeoutMillis?: number } };
  return { sessions: options.max ?? 1, patienceMs: options.connectionTimeoutMillis || 30_000 };
}

async function openPool(
  config: DatabaseConfig,
  logger: Logger,
): Promise<{ pool: DatabasePool; close(): Promise<void> }> {
  if ('pool' in config) return { pool: config.pool, close: async () => undefined };
  if ('folder' in config) {
    // An API on a server loads no WebAssembly, and keeps the settings for it as they are.
    const { openPglite } = await import('./open-pglite.js');
    return openPglite(config.folder, { cacheFolder: config.cacheFolder });
  }
  const pool = new pg.Pool({
    connectionString: config.url,
    max: 20,
    connectionTimeoutMillis: 5000,
    query_timeout: 30_000,
    keepAlive: true,
    application_name: 'codegen-api',
  });
  // A connection that breaks, idle or in use, is replaced for the next query; unheard, its event would end the process.
  const lost = (error: Error) => sayAway(logger, 'the database', error, 'a database connection was lost');
  pool.on('error', lost);
  pool.on('connect', (client) => void client.on('error', lost));
  return { pool, close: () => pool.end() };
}

async function waitUntilAnswering(pool: DatabasePool, logger: Logger): Promise<void> {
  const deadline = Date.now() + BOOT_PATIENCE_MS;
  for (;;) {
    try {
      await pool.query('select 1');
      sayBack(logger, 'the database');
      return;
    } catch (error) {
      if (!isDatabaseAway(error) || Date.now() > deadline) throw error;
      sayAway(logger, 'the database', error, 'the database does not answer yet');
      await sleep(500);
    }
  }
}
