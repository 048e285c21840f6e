import type { DatabasePool } from './pool.js';

/** The one clock of all replicas, in milliseconds since 1970: the database's. */
export type Clock = () => Promise<number>;

/** Reads the database's clock. */
export function databaseClock(pool: DatabasePool): Clock {
  return async () => {
    const { rows } = await pool.query('select extract(epoch from clock_timestamp()) * 1000 as now_ms');
    return Math.round(Number(rows[0].now_ms));
  };
}
