import type { Kysely, Transaction } from 'kysely';
import type { Database } from './schema.js';

/** Two transactions in each other's way: nothing was done, and doing it again is right. */
const RETRY_CODES = new Set(['40001', '40P01']);

/** Runs the work in a transaction, again where the database had to break a deadlock. */
export async function inTransaction<T>(
  db: Kysely<Database>,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt >= 5 || !RETRY_CODES.has((error as { code?: string }).code ?? '')) throw error;
    }
  }
}

/** Whether the error says that a unique constraint or index was violated. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as { code?: string; constraint?: string };
  return code === '23505' && violated === constraint;
}
