import {
  type ApiKey,
  type ApiKeyRole,
  adminScopeIn,
  apiKey,
  type CreatedApiKey,
  createApiKey,
  createdApiKey,
  expandScopes,
  identifier,
  isKnownScope,
  knownScopes,
  listApiKeysQuery,
  pageOf,
  wireDatetimeToMs,
} from '@codegen/contracts';
import type { Transaction } from 'kysely';
import { z } from 'zod';
import { coversScopes } from '../access.js';
import { ApiError } from '../api-error.js';
import { type Caller, callerOf, hashSecret, makeApiKeySecret, prefixOf } from '../auth.js';
import type { Database } from '../database/schema.js';
import { mutate } from '../idempotency.js';
import { findKey, holdValid, insertKey, listKeys, revokeKey } from '../store/api-keys.js';
import { nearNames } from '../store/near-names.js';
import { toPage } from '../store/pages.js';
import type { Routes } from './dependencies.js';

/** Every call of the key reads them. */
const MOST_SCOPES = 100;

/** API keys: a secret is shown once, when it is made. */
export const apiKeyRoutes: Routes = async (app, deps) => {
  app.post(
    '/api-keys',
    { schema: { operationId: 'createApiKey', body: createApiKey, response: { 201: createdApiKey } } },
    async (request, reply) => {
      void reply.code(201);
      const make = async (trx: Transaction<Database>): Promise<CreatedApiKey> => {
        const caller = callerOf(request);
        const { name, role, user_id, expires_at } = request.body;
        const scopes = request.body.scopes ? checkScopes(request.body.scopes) : scopesFor(role, caller);
        const admins = role === 'admin' ? undefined : adminScopeIn(scopes);
        if (admins) throw new ApiError('FORBIDDEN', `only a key of the role admin is given ${admins}: leave it out`);
        const lacking = lackOfPower(caller, { role, scopes, user_id: user_id ?? caller.user.id });
        if (lacking) throw new ApiError('FORBIDDEN', lacking.detail, { choices: lacking.choices });
        checkOwner(caller, role, user_id);
        const expiresMs = expires_at == null ? null : (wireDatetimeToMs(expires_at) ?? 0);
        if (expiresMs !== null && expiresMs <= Date.now()) {
          const message = `${expires_at} is past: say when the key is to end, or leave it out for one that does not`;
          throw new ApiError('VALIDATION_FAILED', `expires_at: ${message}`, {
            errors: [{ path: 'expires_at', message }],
          });
        }
        const owner = user_id ?? caller.user.id;
        const known = await trx.selectFrom('users').select('id').where('id', '=', owner).executeTakeFirst();
        if (!known) throw new ApiError('NOT_FOUND', `there is no user ${owner}`);
        if (!(await holdValid(trx, caller.key.id))) {
          throw new ApiError('UNAUTHENTICATED', 'this API key was revoked meanwhile; ask for a new one');
        }
        const secret = makeApiKeySecret();
        const key = await insertKey(trx, {
          ...{ user_id: owner, name, role, scopes },
          prefix: prefixOf(secret) as string,
          secretHash: hashSecret(secret),
          // A key never outlives the one that made it.
          expiresAt: earliest(expiresMs, caller.key.expires_at),
          createdBy: caller.key.id,
        });
        return { key, secret };
      };
      return mutate(deps, request, reply, make, { shownOnce: secretShown });
    },
  );

  app.get(
    '/api-keys',
    { schema: { operationId: 'listApiKeys', querystring: listApiKeysQuery, response: { 200: pageOf(apiKey) } } },
    async (request) => {
      const { limit, cursor, state } = request.query;
      const userId = usersReach(callerOf(request));
      return toPage(await listKeys(deps.db, { userId, cursor, validOnly: state === 'valid', limit: limit + 1 }), limit);
    },
  );

  app.delete(
    '/api-keys/:id',
    { schema: { operationId: 'revokeApiKey', params: z.object({ id: identifier }), response: { 200: apiKey } } },
    async (request, reply) =>
      mutate(deps, request, reply, async (trx) => {
        const caller = callerOf(request);
        const reach = usersReach(caller);
        const { id } = request.params;
        const key = await findKey(trx, id, reach);
        if (!key) throw noSuchKey(await listKeys(trx, { userId: reach, validOnly: true, limit: 500 }), id);
        // What a key made can do no more than itself, so this covers that too.
        if (id !== caller.key.id && lackOfPower(caller, key)) {
          const detail = `the key ${id} can do more than yours, which cannot revoke it: take that key itself, or one of an admin`;
          throw new ApiError('FORBIDDEN', detail, { choices: makersOf('admin') });
        }
        return revokeKey(trx, id);
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

/** The roles whose keys make those of a role. */
function makersOf(role: ApiKeyRole): ApiKeyRole[] {
  return (Object.keys(mayMake) as ApiKeyRole[]).filter((maker) => mayMake[maker].includes(role));
}

/**
 * A person's or an agent's key that an administrator makes without saying for whom would act as the administrator.
 * @throws {ApiError} VALIDATION_FAILED
 */
function checkOwner(caller: Caller, role: ApiKeyRole, userId: string | null | undefined): void {
  if (userId != null || !caller.user.is_admin || role === 'admin' || role === 'service') return;
  const message = `a key of the role ${role} acts for somebody, and would act for the administrator who makes it: say whose it is`;
  throw new ApiError('VALIDATION_FAILED', `user_id: ${message}`, { errors: [{ path: 'user_id', message }] });
}

/** What a key lacks that is to make another, and what could be taken instead. */
interface Lack {
  readonly detail: string;
  readonly choices: string[];
}

/** A key makes, and revokes, only keys that can do no more than itself: what such a key would have over the caller's. */
function lackOfPower(caller: Caller, key: Pick<ApiKey, 'role' | 'scopes' | 'user_id'>): Lack | undefined {
  if (!mayMake[caller.key.role].includes(key.role)) {
    const choices = makersOf(key.role);
    const detail = `keys of the role ${key.role} are made with those of the role ${choices.join(' or ')}, not ${caller.key.role}`;
    return { detail, choices };
  }
  if (!coversScopes(caller.key.scopes, key.scopes)) {
    const choices = caller.key.scopes;
    return { detail: `a key cannot give scopes it lacks; it has ${choices.join(', ')}`, choices };
  }
  if (key.user_id !== caller.user.id && caller.key.role !== 'admin') {
    return { detail: 'only an admin makes keys for somebody else: leave user_id out', choices: makersOf('admin') };
  }
  return undefined;
}

/** What a key of a role is given where nobody says: all that the caller may, but for what only an admin's has. */
function scopesFor(role: ApiKeyRole, { key: { scopes } }: Caller): string[] {
  const given = role === 'admin' ? scopes : scopes.filter((scope) => adminScopeIn([scope]) === undefined);
  if (given.length > 0) return given;
  const message = `a key of the role ${role} can be given none of yours: say which`;
  throw new ApiError('VALIDATION_FAILED', `scopes: ${message}`, { errors: [{ path: 'scopes', message }] });
}

/** The scopes that a list comes to, each once. @throws {ApiError} VALIDATION_FAILED where one has no meaning */
function checkScopes(given: readonly string[]): string[] {
  const scopes = expandScopes(given);
  const unknown = scopes.find((scope) => !isKnownScope(scope));
  if (unknown !== undefined) {
    const topics = knownScopes.flatMap((known) =>
      [...known.matchAll(/\./g)].map(({ index }) => `${known.slice(0, index)}.*`),
    );
    const choices = nearNames(unknown, [...new Set([...knownScopes, ...topics])]).slice(0, 5);
    const hint =
      choices.length > 0 ? `did you mean ${choices.join(', ')}?` : 'they are the ids of commands, or topic.*';
    throw new ApiError('VALIDATION_FAILED', `there is no scope ${unknown}; ${hint}`, { choices });
  }
  if (scopes.length > MOST_SCOPES) {
    throw new ApiError(
      'VALIDATION_FAILED',
      `a key has at most ${MOST_SCOPES} scopes; take topic.* for many of a topic`,
    );
  }
  return scopes;
}

/** What a repeated call hears instead of the secret. */
function secretShown({ key: { id, name } }: CreatedApiKey): { detail: string; choices: string[] } {
  const detail = `this call has made the key ${id} (${name}) already, and its secret is shown once: if that is lost, revoke the key and make another`;
  return { detail, choices: [id] };
}

function earliest(expiresMs: number | null, callerExpires: string | null): Date | null {
  const limit = callerExpires === null ? null : Date.parse(callerExpires);
  if (expiresMs === null) return limit === null ? null : new Date(limit);
  return new Date(limit === null ? expiresMs : Math.min(expiresMs, limit));
}
