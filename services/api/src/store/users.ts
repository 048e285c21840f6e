import { type CreateUser, makeId, type User } from '@codegen/contracts';
import type { Kysely, Selectable } from 'kysely';
import { ApiError } from '../api-error.js';
import type { Database } from '../database/schema.js';
import { isUniqueViolation } from '../database/transaction.js';
import { iso } from './timestamps.js';

/** The row as the API shows it. */
export function toUser(row: Selectable<Database['users']>): User {
  return {
    id: row.id,
    name: row.name,
    telegram_id: row.telegram_id === null ? null : Number(row.telegram_id),
    is_admin: row.is_admin,
    created_at: iso(row.created_at),
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
