import { type CreateUser, makeId, type User } from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { ApiError } from '../api-error.js';
import type { Database } from '../database/schema.js';
import { isUniqueViolation } from '../database/transaction.js';
import { nearNames } from './near-names.js';
import { iso, isoOrNull } from './timestamps.js';

/** The row as the API shows it. */
export function toUser(row: Selectable<Database['users']>): User {
  return {
    id: row.id,
    name: row.name,
    telegram_id: row.telegram_id === null ? null : Number(row.telegram_id),
    is_admin: row.is_admin,
    created_at: iso(row.created_at),
    disabled_at: isoOrNull(row.disabled_at),
  };
}

/** Stores a user; a Telegram id belongs to one. */
export async function createUser(db: Kysely<Database>, input: CreateUser): Promise<User> {
  try {
    const row = await db
      .insertInto('users')
      .values({
        id: makeId('user'),
        name: input.name ?? null,
        telegram_id: input.telegram_id == null ? null : String(input.telegram_id),
        is_admin: input.is_admin ?? false,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return toUser(row);
  } catch (error) {
    if (!isUniqueViolation(error, 'users_telegram_id_key')) throw error;
    throw new ApiError('CONFLICT', `a user with the Telegram id ${input.telegram_id} exists already`);
  }
}

/** Every user, newest first. */
export async function listUsers(
  db: Kysely<Database>,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<User[]> {
  let select = db.selectFrom('users').selectAll().orderBy('id', 'desc').limit(limit);
  if (cursor) select = select.where('id', '<', cursor);
  return (await select.execute()).map(toUser);
}

/** Disables a user, once: the first time stays. Admins are locked, so that no two of them disable each other. */
export async function disableUser(trx: Transaction<Database>, id: string): Promise<User> {
  const admins = await trx
    .selectFrom('users')
    .select('id')
    .where('is_admin', '=', true)
    .where('disabled_at', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute();
  if (admins.length === 1 && admins[0]?.id === id) {
    throw new ApiError(
      'CONFLICT',
      `${id} is the last administrator who is not disabled: add or enable another one first`,
    );
  }
  return setDisabled(trx, id, sql<Date>`coalesce(disabled_at, now())`);
}

/** Lets a user's keys work again: those that are neither revoked nor expired. */
export async function enableUser(trx: Transaction<Database>, id: string): Promise<User> {
  return setDisabled(trx, id, null);
}

async function setDisabled(trx: Transaction<Database>, id: string, disabled_at: ReturnType<typeof sql<Date>> | null) {
  const row = await trx
    .updateTable('users')
    .set({ disabled_at })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row) return toUser(row);
  const all = await trx.selectFrom('users').select(['id', 'name']).execute();
  const near = nearNames(id, [...new Set(all.flatMap((one) => [one.id, one.name ?? one.id]))]);
  const meant = all.filter((one) => near.includes(one.id) || near.includes(one.name ?? '')).slice(0, 5);
  const named = meant.map((one) => `${one.id} (${one.name})`).join(', ');
  throw new ApiError(
    'NOT_FOUND',
    `there is no user ${id}${named ? `. Did you mean ${named}?` : ': list them to see their ids'}`,
    {
      choices: meant.map((one) => one.id),
    },
  );
}
