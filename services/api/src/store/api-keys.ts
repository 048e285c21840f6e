import { type ApiKey, makeId, type User } from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
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
    created_by: row.created_by,
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
      'users.disabled_at',
      sql<boolean>`coalesce(api_keys.expires_at <= now(), false)`.as('expired'),
    ])
    .where('prefix', '=', prefix)
    .executeTakeFirst();
  if (!row) return undefined;
  const { user_id, user_name, telegram_id, is_admin, user_created_at, disabled_at } = row;
  const user = toUser({
    id: user_id,
    name: user_name,
    telegram_id,
    is_admin,
    created_at: user_created_at,
    disabled_at,
  });
  return { key: toApiKey(row), user, secretHash: row.secret_hash, expired: row.expired };
}

/** Stores a key; only the hash of its secret is kept. */
export async function insertKey(
  db: Kysely<Database>,
  input: Pick<ApiKey, 'name' | 'prefix' | 'role' | 'scopes' | 'user_id'> & {
    secretHash: string;
    expiresAt: Date | null;
    createdBy: string | null;
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
      created_by: input.createdBy,
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

/** A key by its id; undefined where that user has none. Admins reach everybody's. */
export async function findKey(
  db: Kysely<Database>,
  id: string,
  userId: string | undefined,
): Promise<ApiKey | undefined> {
  let query = db.selectFrom('api_keys').selectAll().where('id', '=', id);
  if (userId !== undefined) query = query.where('user_id', '=', userId);
  const row = await query.executeTakeFirst();
  return row && toApiKey(row);
}

/** Whether a key is a service's that nobody made: it is the system's own, whichever administrator owns it. */
export function isBySeed({ role, created_by }: Pick<ApiKey, 'role' | 'created_by'>): boolean {
  return role === 'service' && created_by === null;
}

/** The same as SQL. */
const bySeed = sql<boolean>`role = 'service' and created_by is null`;

/** Whether a key is still good, and its user not disabled. */
export async function isValid(db: Kysely<Database>, id: string): Promise<boolean> {
  return (await selectValid(db, id).executeTakeFirst()) !== undefined;
}

/** The same; until the transaction ends nobody revokes it or disables its user, so that what it makes is not missed. */
export async function holdValid(trx: Transaction<Database>, id: string): Promise<boolean> {
  return (await selectValid(trx, id).forShare().executeTakeFirst()) !== undefined;
}

function selectValid(db: Kysely<Database>, id: string) {
  return db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select('api_keys.id')
    .where('api_keys.id', '=', id)
    .where((where) => where.or([where('users.disabled_at', 'is', null), bySeed]))
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`, '=', true);
}

/**
 * Revokes a key, once: the first time stays; and all that it made, generation by generation. Each waits for the keys
 * that are being made by the one before it, so that none slips through.
 */
export async function revokeKey(trx: Transaction<Database>, id: string): Promise<ApiKey> {
  const revoking = () => trx.updateTable('api_keys').set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` });
  const row = await revoking().where('id', '=', id).returningAll().executeTakeFirstOrThrow();
  for (let parents = [id]; parents.length > 0; ) {
    const made = sql<boolean>`created_by = any(${parents}::text[])`;
    parents = (await revoking().where(made).returning('id').execute()).map((one) => one.id);
  }
  return toApiKey(row);
}
