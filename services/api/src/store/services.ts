import { type Service, SILENT_AFTER_S } from '@codegen/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../database/schema.js';
import { iso } from './timestamps.js';

type Row = Selectable<Database['services']> & { alive: boolean };

const columns = ['name', 'instance', 'version', 'seen_at'] as const;
const alive = sql<boolean>`seen_at > now() - ${SILENT_AFTER_S} * interval '1 second'`.as('alive');

/** Notes a sign of life, by the clock of the database. What has been silent for a day is forgotten. */
export async function noteService(
  db: Kysely<Database>,
  input: Pick<Service, 'name' | 'instance' | 'version'>,
): Promise<Service> {
  await db.deleteFrom('services').where(sql<boolean>`seen_at < now() - interval '1 day'`).execute();
  const row = await db
    .insertInto('services')
    .values(input)
    .onConflict((conflict) =>
      conflict.columns(['name', 'instance']).doUpdateSet({ version: input.version, seen_at: sql<Date>`now()` }),
    )
    .returning([...columns, alive])
    .executeTakeFirstOrThrow();
  return toService(row);
}

/** Every process of a service that was seen within a day, by name. */
export async function listServices(db: Kysely<Database>): Promise<Service[]> {
  const rows = await db
    .selectFrom('services')
    .select([...columns, alive])
    .where(sql<boolean>`seen_at > now() - interval '1 day'`)
    .orderBy('name')
    .orderBy('instance')
    .execute();
  return rows.map(toService);
}

function toService({ alive: isAlive, seen_at, ...row }: Row): Service {
  return { ...row, state: isAlive ? 'alive' : 'silent', seen_at: iso(seen_at) };
}
