import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../database/schema.js';
import { initial } from './001-initial.js';
import { correlationIndex } from './002-correlation-index.js';
import { keysKnowTheirMaker } from './003-keys-know-their-maker.js';
import { projectsRestAsBuilt } from './004-projects-rest-as-built.js';
import { services } from './005-services.js';
import { disabledUsers } from './006-disabled-users.js';
import { serverKinds } from './007-server-kinds.js';
import { outboxOfAll } from './008-outbox-of-all.js';
import { repositories } from './009-repositories.js';
import { conditions } from './010-conditions.js';

/** In order; one that was released is never changed. */
const migrations: readonly { name: string; statements: string }[] = [
  { name: '001-initial', statements: initial },
  { name: '002-correlation-index', statements: correlationIndex },
  { name: '003-keys-know-their-maker', statements: keysKnowTheirMaker },
  { name: '004-projects-rest-as-built', statements: projectsRestAsBuilt },
  { name: '005-services', statements: services },
  { name: '006-disabled-users', statements: disabledUsers },
  { name: '007-server-kinds', statements: serverKinds },
  { name: '008-outbox-of-all', statements: outboxOfAll },
  { name: '009-repositories', statements: repositories },
  { name: '010-conditions', statements: conditions },
];

/**
 * Brings the tables up to date and then runs `prepare`, all in one transaction. Any number of processes may boot at
 * once: the lock on the migrations table lets one through at a time, and the others find nothing left to do.
 */
export async function migrate(
  db: Kysely<Database>,
  prepare: (trx: Transaction<Database>) => Promise<void>,
): Promise<void> {
  await createMigrationsTable(db);
  await db.transaction().execute(async (trx) => {
    await sql`lock table api_migrations in exclusive mode`.execute(trx);
    const { rows } = await sql<{ name: string }>`select name from api_migrations`.execute(trx);
    const applied = new Set(rows.map((row) => row.name));
    const unknown = [...applied].filter((name) => !migrations.some((one) => one.name === name));
    if (unknown.length > 0) {
      throw new Error(`the database is newer than this release (it has ${unknown.join(', ')}): upgrade the API`);
    }
    for (const { name, statements } of migrations) {
      if (applied.has(name)) continue;
      await sql.raw(statements).execute(trx);
      await sql`insert into api_migrations (name) values (${name})`.execute(trx);
    }
    await prepare(trx);
  });
}

/** `create table if not exists` can still collide with another process doing the same; the second time the table is there. */
async function createMigrationsTable(db: Kysely<Database>): Promise<void> {
  const create = sql`create table if not exists api_migrations (
    name text primary key,
    applied_at timestamptz not null default now()
  )`;
  await create.execute(db).catch(() => create.execute(db));
}
