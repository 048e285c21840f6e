import { type ServiceKit, sayAway } from '@codegen/sdk/service';
import pg from 'pg';

/** What the graphs need of a `pg.Pool`; the embedded database has a look-alike. */
export type DatabasePool = Pick<pg.Pool, 'connect' | 'query'>;

/** A pool that someone else owns, or the address of a PostgreSQL server. */
export type DatabaseConfig = { pool: DatabasePool } | { url: string };

/** A connection inside one open transaction. */
export type Transaction = Pick<pg.PoolClient, 'query'>;

/** Opens the database until the service stops; a pool of somebody else's stays open. */
export function openPool(config: DatabaseConfig, { logger, onStop }: ServiceKit): DatabasePool {
  if ('pool' in config) return config.pool;
  const pool = new pg.Pool({
    connectionString: config.url,
    max: 20,
    connectionTimeoutMillis: 5000,
    query_timeout: 30_000,
    keepAlive: true,
    application_name: 'codegen-langgraph',
  });
  // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
  pool.on('error', (error) => sayAway(logger, 'the database', error, 'a database connection was lost'));
  // One that breaks while it is in use says so in its next query, and here.
  pool.on('connect', (client) => client.on('error', () => undefined));
  onStop(() => pool.end());
  return pool;
}

/** Runs statements in one transaction on one connection; rolls back when the work throws. */
export async function inTransaction<T>(pool: DatabasePool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    const value = await work(client);
    await client.query('commit');
    return value;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
