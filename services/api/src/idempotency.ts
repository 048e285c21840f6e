import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Kysely, sql, type Transaction } from 'kysely';
import { ApiError } from './api-error.js';
import { callerOf } from './auth.js';
import type { Database } from './database/schema.js';
import { inTransaction } from './database/transaction.js';
import type { Vault } from './vault.js';

const KEY = /^[\x21-\x7e]{1,200}$/;

/**
 * Runs a mutation in a transaction; with an `Idempotency-Key` its effect happens once.
 * The key is stored in that same transaction, so of two concurrent calls the second waits for the first and replays
 * its answer, and a refused call leaves nothing behind. It belongs to the caller's API key and a route, so that no answer
 * crosses from one key to another; with another path or body it is refused.
 * `again: true` is for work that is idempotent by itself: a replay runs it again instead of storing its answer.
 * `shownOnce` is for an answer that holds a secret: it is not stored, and a replay is refused with what this makes of it.
 * `replay` is for an answer about what goes on changing: it makes today's answer of the stored one, or refuses.
 */
export async function mutate<T>(
  deps: { db: Kysely<Database>; vault: Vault },
  request: FastifyRequest,
  reply: FastifyReply,
  work: (trx: Transaction<Database>) => Promise<T>,
  options: {
    again?: boolean;
    shownOnce?: (answer: T) => { detail: string; choices: string[] };
    replay?: (stored: T, trx: Transaction<Database>) => Promise<T>;
  } = {},
): Promise<T> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return inTransaction(deps.db, work);
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new ApiError('VALIDATION_FAILED', 'Idempotency-Key must be 1 to 200 printable characters without spaces');
  }
  const id = { api_key_id: callerOf(request).key.id, route: `${request.method} ${request.routeOptions.url}`, key };
  const requestHash = deps.vault.fingerprint(JSON.stringify([request.url, asked(request.body)]));
  const place = `idempotency/${id.api_key_id}/${id.route}/${key}`;
  return inTransaction(deps.db, async (trx) => {
    const inserted = await trx
      .insertInto('idempotency_keys')
      .values({ ...id, request_hash: requestHash, sealed_response: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key')
      .executeTakeFirst();
    if (!inserted) {
      const stored = await trx
        .selectFrom('idempotency_keys')
        .select(['request_hash', 'sealed_response'])
        .where((where) => where.and(id))
        .executeTakeFirstOrThrow();
      if (stored.request_hash !== requestHash) {
        throw new ApiError('IDEMPOTENCY_MISMATCH', 'this Idempotency-Key was used for another request: take a new one');
      }
      void reply.header('idempotency-replayed', 'true');
      if (!stored.sealed_response) return work(trx);
      const kept = JSON.parse(deps.vault.open(stored.sealed_response, place));
      if (options.shownOnce) throw new ApiError('SECRET_SHOWN', kept.detail, { choices: kept.choices });
      return options.replay ? options.replay(kept as T, trx) : (kept as T);
    }
    const result = await work(trx);
    if (!options.again) {
      const kept = options.shownOnce ? options.shownOnce(result) : (result ?? null);
      const sealed = deps.vault.seal(JSON.stringify(kept), place);
      await trx
        .updateTable('idempotency_keys')
        .set({ sealed_response: sealed })
        .where((where) => where.and(id))
        .execute();
    }
    return result;
  });
}

/** What a body asks for. A caller that asks again after a crash does so under another correlation id. */
function asked(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body ?? null;
  const { correlation_id: _, ...rest } = body as Record<string, unknown>;
  return rest;
}

/** Forgets keys after a day: no client retries that long. */
export async function forgetOldKeys(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('idempotency_keys').where('created_at', '<', sql<Date>`now() - interval '1 day'`).execute();
}
