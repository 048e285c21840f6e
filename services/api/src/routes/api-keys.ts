import {
  type ApiKey,
  type ApiKeyRole,
  apiKey,
  createApiKey,
  createdApiKey,
  expandScopes,
  identifier,
  listApiKeysQuery,
  pageOf,
  wireDatetimeToMs,
} from '@codegen/contracts';
import { z } from 'zod';
import { coversScopes } from '../access.js';
import { ApiError } from '../api-error.js';
import { type Caller, callerOf, hashSecret, makeApiKeySecret, prefixOf } from '../auth.js';
import { mutate } from '../idempotency.js';
import { insertKey, listKeys, revokeKey } from '../store/api-keys.js';
import { nearNames } from '../store/near-names.js';
import { toPage } from '../store/pages.js';
import type { Routes } from './dependencies.js';

/** RFC 3339 has four digits for a year. */
const LAST_MOMENT_MS = Date.UTC(10_000, 0) - 1;

/** API keys: a secret is shown once, when it is made. */
export const apiKeyRoutes: Routes = async (app, deps) => {
  app.post(
    '/api-keys',
    { schema: { body: createApiKey, response: { 201: createdApiKey } } },
    async (request, reply) => {
      void reply.code(201);
      return mutate(deps, request, reply, async (trx) => {
        const caller = callerOf(request);
        const { name, role, user_id, expires_at } = request.body;
        const scopes = expandScopes(request.body.scopes);
        requireNoMorePower(caller, role, scopes, user_id ?? caller.user.id);
        const expiresMs = expires_at == null ? null : wireDatetimeToMs(expires_at);
        if (expiresMs === undefined || (expiresMs ?? 0) > LAST_MOMENT_MS) {
          throw new ApiError('VALIDATION_FAILED', 'expires_at must be a datetime such as 2030-01-31T00:00:00Z');
        }
        const owner = user_id ?? caller.user.id;
        const known = await trx.selectFrom('users').select('id').where('id', '=', owner).executeTakeFirst();
        if (!known) throw new ApiError('NOT_FOUND', `there is no user ${owner}`);
        const secret = makeApiKeySecret();
        const key = await insertKey(trx, {
          ...{ user_id: owner, name, role, scopes },
          prefix: prefixOf(secret) as string,
          secretHash: hashSecret(secret),
          // A key never outlives the one that made it.
          expiresAt: earliest(expiresMs, caller.key.expires_at),
        });
        return { key, secret };
      });
    },
  );

  app.get(
    '/api-keys',
    { schema: { querystring: listApiKeysQuery, response: { 200: pageOf(apiKey) } } },
    async (request) => {
      const { limit, cursor, state } = request.query;
      const userId = usersReach(callerOf(request));
      return toPage(await listKeys(deps.db, { userId, cursor, validOnly: state === 'valid', limit: limit + 1 }), limit);
    },
  );

  app.delete(
    '/api-keys/:id',
    { schema: { params: z.object({ id: identifier }), response: { 200: apiKey } } },
    async (request, reply) =>
      mutate(deps, request, reply, async (trx) => {
        const reach = usersReach(callerOf(request));
        const revoked = await revokeKey(trx, request.params.id, reach);
        if (revoked) return revoked;
        const valid = await listKeys(trx, { userId: reach, validOnly: true, limit: 500 });
        throw noSuchKey(valid, request.params.id);
      }),
  );
};

/** The refusal of an id that no key has; who gave a name or a prefix gets the ids of those keys. */
function noSuchKey(valid: readonly ApiKey[], wanted: string): ApiError {
  const near = nearNames(wanted, [...new Set(valid.flatMap(({ id, name, prefix }) => [id, name, prefix]))]);
  const meant = valid.filter(({ id, name, prefix }) => [id, name, prefix].some((one) => near.includes(one)));
  const choices = meant.slice(0, 5).map(({ id }) => id);
  const named = meant.slice(0, 5).map(({ id, name }) => `${id} (${name})`);
  const hint = named.length > 0 ? `. Did you mean ${named.join(', ')}?` : ': list them to see their ids';
  return new ApiError('NOT_FOUND', `there is no API key ${wanted}${hint}`, { choices });
}

/** Admins reach everybody's keys, others their own. */
function usersReach(caller: Caller): string | undefined {
  return caller.key.role === 'admin' ? undefined : caller.user.id;
}

const mayMake: Readonly<Record<ApiKeyRole, readonly ApiKeyRole[]>> = {
  admin: ['admin', 'user', 'service', 'worker'],
  user: ['user', 'worker'],
  service: ['worker'],
  worker: [],
};

/** A key makes only keys that can do no more than itself. */
function requireNoMorePower(caller: Caller, role: ApiKeyRole, scopes: readonly string[], userId: string): void {
  if (!mayMake[caller.key.role].includes(role)) {
    throw new ApiError('FORBIDDEN', `a key of the role ${caller.key.role} cannot make one of the role ${role}`);
  }
  if (!coversScopes(caller.key.scopes, scopes)) {
    throw new ApiError('FORBIDDEN', `a key cannot give scopes it lacks; it has ${caller.key.scopes.join(', ')}`);
  }
  if (userId !== caller.user.id && caller.key.role !== 'admin') {
    throw new ApiError('FORBIDDEN', 'only an admin makes keys for somebody else: leave user_id out');
  }
}

function earliest(expiresMs: number | null, callerExpires: string | null): Date | null {
  const limit = callerExpires === null ? null : Date.parse(callerExpires);
  if (expiresMs === null) return limit === null ? null : new Date(limit);
  return new Date(limit === null ? expiresMs : Math.min(expiresMs, limit));
}
