import type { Secret } from '@codegen/contracts';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../database/schema.js';
import type { Vault } from '../vault.js';
import { iso } from './timestamps.js';

function toSecret(row: { project_id: string; name: string; updated_at: Date }): Secret {
  return {
    name: row.name,
    reference: `vault:project/${row.project_id}/${row.name}`,
    updated_at: iso(row.updated_at),
  };
}

/** A value sealed for one project and name cannot be opened as another's. */
function placeOf(projectId: string, name: string): string {
  return `secret/${projectId}/${name}`;
}

/** Stores a secret, or replaces its value. */
export async function putSecret(
  db: Kysely<Database>,
  vault: Vault,
  projectId: string,
  name: string,
  value: string,
): Promise<Secret> {
  const sealed = vault.seal(value, placeOf(projectId, name));
  const row = await db
    .insertInto('secrets')
    .values({ project_id: projectId, name, sealed })
    .onConflict((conflict) =>
      conflict.columns(['project_id', 'name']).doUpdateSet({ sealed, updated_at: sql<Date>`now()` }),
    )
    .returning(['project_id', 'name', 'updated_at'])
    .executeTakeFirstOrThrow();
  return toSecret(row);
}

/** Names and references of a project's secrets. */
export async function listSecrets(db: Kysely<Database>, projectId: string): Promise<Secret[]> {
  const rows = await db
    .selectFrom('secrets')
    .select(['project_id', 'name', 'updated_at'])
    .where('project_id', '=', projectId)
    .orderBy('name')
    .execute();
  return rows.map(toSecret);
}

/** Whether there was such a secret to delete. */
export async function deleteSecret(db: Kysely<Database>, projectId: string, name: string): Promise<boolean> {
  const row = await db
    .deleteFrom('secrets')
    .where('project_id', '=', projectId)
    .where('name', '=', name)
    .returning('name')
    .executeTakeFirst();
  return row !== undefined;
}

/** The values of a project's secrets, or of one of them. */
export async function openSecrets(
  db: Kysely<Database>,
  vault: Vault,
  projectId: string,
  name: string | undefined,
): Promise<Record<string, string>> {
  let query = db.selectFrom('secrets').select(['name', 'sealed']).where('project_id', '=', projectId);
  if (name !== undefined) query = query.where('name', '=', name);
  const rows = await query.execute();
  return Object.fromEntries(rows.map((row) => [row.name, vault.open(row.sealed, placeOf(projectId, row.name))]));
}
