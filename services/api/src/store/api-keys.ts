import { type ApiKey, makeId, type User } from '@codegen/contracts';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database } from '../database/schema.js';
import { iso, isoOrNull } from './timestamps.js';
import { toUser } from './users.js';

/** The row as the API shows it: never the hash. */
function toApiKey(row: Omit<Selectable<Database['api_keys']>, 'secret_hash'>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    role: row.role,
    scopes: row.scopes,
    user_id: row.user_id,
    expires_at: isoOrNull(row.expires_at),
    revoked_at: isoOrNull(row.revoked_at),
    created_at: iso(row.created_at),
  };
}

/** A key with its user, for authentication; expiry goes by the database's clock. */
export async function findKeyByPrefix(
  db: Kysely<Database>,
  prefix: string,
): Promise<{ key: ApiKey; user: User; secretHash: string; expired: boolean } | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .selectAll('api_keys')
    .select([
      'users.name as user_name',
      'users.telegram_id',
      'users.is_admin',
      'users.created_at as user_created_at',
      sql<boolean>`coalesce(api_keys.expires_at <= now(), false)`.as('expired'),
    ])
    .where('prefix', '=', prefix)
    .executeTakeFirst();
  if (!row) return undefined;
  const { user_id, user_name, telegram_id, is_admin, user_created_at } = row;
  const user = toUser({ id: user_id, name: user_name, telegram_id, is_admin, created_at: user_created_at });
  return { key: toApiKey(row), user, secretHash: row.secret_hash, expired: row.expired };
}

/** Stores a key; only the hash of its secret is kept. */
export async function insertKey(
  db: Kysely<Database>,
  input: Pick<ApiKey, 'name' | 'prefix' | 'role' | 'scopes' | 'user_id'> & {
    secretHash: string;
    expiresAt: Date | null;
  },
): Promise<ApiKey> {
  const row = await db
    .insertInto('api_keys')
    .values({
      id: makeId('key'),
      user_id: input.user_id,
      name: input.name,
      prefix: input.prefix,
      secret_hash: input.secretHash,
      role: input.role,
      scopes: JSON.stringify(input.scopes),
      expires_at: input.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toApiKey(row);
}

/** The keys of one user, or of everybody, newest first; `validOnly` goes by the database's clock. */
export async function listKeys(
  db: Kysely<Database>,
  query: { userId: string | undefined; limit: number; cursor?: string | undefined; validOnly?: boolean },
): Promise<ApiKey[]> {
  let select = db.selectFrom('api_keys').selectAll().orderBy('id', 'desc').limit(query.limit);
  if (query.userId !== undefined) select = select.where('user_id', '=', query.userId);
  if (query.cursor) select = select.where('id', '<', query.cursor);
  if (query.validOnly) {
    select = select.where('revoked_at', 'is', null).where(sql<boolean>`coalesce(expires_at > now(), true)`, '=', true);
  }
  return (await select.execute()).map(toApiKey);
}

/** Revokes a key, once: the first time stays. Undefined where the caller has no such key. */
export async function revokeKey(
  db: Kysely<Database>,
  id: string,
  userId: string | undefined,
): Promise<ApiKey | undefined> {
  let query = db
    .updateTable('api_keys')
    .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
    .where('id', '=', id);
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  const row = await query.returningAll().executeTakeFirst();
  return row && toApiKey(row);
}
