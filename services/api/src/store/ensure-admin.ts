import { makeId } from '@codegen/contracts';
import type { Transaction } from 'kysely';
import { hashSecret, prefixOf } from '../auth.js';
import type { Database } from '../database/schema.js';
import { insertKey } from './api-keys.js';

/** Makes sure that the operator's token opens everything: its key, and an admin to own it. */
export async function ensureAdmin(trx: Transaction<Database>, token: string): Promise<void> {
  const prefix = prefixOf(token);
  if (!prefix)
    throw new Error('the admin token must look like cgk_<8 hex>_<43 characters>; makeApiKeySecret() makes one');
  const secretHash = hashSecret(token);
  const existing = await trx.selectFrom('api_keys').selectAll().where('prefix', '=', prefix).executeTakeFirst();
  if (existing) {
    if (existing.secret_hash !== secretHash) {
      throw new Error(`another API key has the admin token's prefix ${prefix}: make a new admin token`);
    }
    if (existing.revoked_at) throw new Error('the admin token was revoked: make a new one');
    return;
  }
  const admin =
    (await trx.selectFrom('users').select('id').where('is_admin', '=', true).orderBy('id').executeTakeFirst()) ??
    (await trx
      .insertInto('users')
      .values({ id: makeId('user'), name: 'admin', is_admin: true, telegram_id: null })
      .returning('id')
      .executeTakeFirstOrThrow());
  await insertKey(trx, {
    user_id: admin.id,
    name: 'admin token',
    prefix,
    secretHash,
    role: 'admin',
    scopes: ['*'],
    expiresAt: null,
    // Another token at a later start takes its place without ending what this one made.
    createdBy: null,
  });
}
