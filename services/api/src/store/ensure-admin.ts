import { makeId, type ServiceName, serviceScopes } from '@codegen/contracts';
import { sql, type Transaction } from 'kysely';
import { hashSecret, prefixOf } from '../auth.js';
import type { Database } from '../database/schema.js';
import type { Seed } from '../seed.js';
import { insertKey } from './api-keys.js';
import { putServer } from './servers.js';

/** Makes sure that the operator's token opens everything: its key, and an admin to own it. */
export async function ensureAdmin(trx: Transaction<Database>, token: string): Promise<void> {
  const prefix = prefixOf(token);
  if (!prefix)
    throw new Error('the admin token must look like cgk_<8 hex>_<43 characters>; makeApiKeySecret() makes one');
  const secretHash = hashSecret(token);
  const existing = await keyOf(trx, prefix);
  if (existing) {
    if (existing.secret_hash !== secretHash) {
      throw new Error(`another API key has the admin token's prefix ${prefix}: make a new admin token`);
    }
    if (existing.revoked_at) throw new Error('the admin token was revoked: make a new one');
    if (existing.disabled_at) throw new Error("the admin token's user was disabled: make a new one");
    return;
  }
  await insertKey(trx, {
    user_id: await ensureAdminUser(trx),
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

/**
 * Makes sure of what a seed names. A service has one key by seed, with exactly the scopes of this release: another one at a
 * later start ends the former. One that was revoked stays so, and a server that is there stays as it is.
 */
export async function ensureSeed(trx: Transaction<Database>, { service_keys = {}, servers = {} }: Seed): Promise<void> {
  for (const [service, { prefix, sha256 }] of Object.entries(service_keys) as [ServiceName, SeedKey][]) {
    const name = `seed: ${service}`;
    const scopes = [...serviceScopes[service]];
    const existing = await keyOf(trx, prefix);
    // Nobody but a seed makes a key without a maker.
    const ofSeeds = trx.updateTable('api_keys').where('name', '=', name).where('created_by', 'is', null);
    await ofSeeds.set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` }).where('prefix', '<>', prefix).execute();
    if (existing && (existing.secret_hash !== sha256 || existing.name !== name)) {
      throw new Error(`another API key has the prefix ${prefix} that the seed gives to ${service}: make a new one`);
    }
    if (existing) {
      await ofSeeds.set({ scopes: JSON.stringify(scopes) }).execute();
      continue;
    }
    await insertKey(trx, {
      ...{ user_id: await ensureAdminUser(trx), name, prefix, secretHash: sha256, role: 'service', scopes },
      ...{ expiresAt: null, createdBy: null },
    });
  }
  for (const [handle, server] of Object.entries(servers)) {
    const there = await trx.selectFrom('servers').select('handle').where('handle', '=', handle).executeTakeFirst();
    if (!there) await putServer(trx, handle, server);
  }
}

type SeedKey = NonNullable<NonNullable<Seed['service_keys']>[ServiceName]>;

async function keyOf(trx: Transaction<Database>, prefix: string) {
  return await trx
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select(['api_keys.name', 'secret_hash', 'revoked_at', 'disabled_at'])
    .where('prefix', '=', prefix)
    .executeTakeFirst();
}

/** The admin who owns what no person made. */
async function ensureAdminUser(trx: Transaction<Database>): Promise<string> {
  const admin =
    (await trx
      .selectFrom('users')
      .select('id')
      .where('is_admin', '=', true)
      .where('disabled_at', 'is', null)
      .orderBy('id')
      .executeTakeFirst()) ??
    (await trx
      .insertInto('users')
      .values({ id: makeId('user'), name: 'admin', is_admin: true, telegram_id: null })
      .returning('id')
      .executeTakeFirstOrThrow());
  return admin.id;
}
