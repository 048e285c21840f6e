import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type ApiKey, type ApiKeyRole, holdsScope, type TaskType, taskType, type User } from '@codegen/contracts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { type Access, access, typesSeen } from './access.js';
import { ApiError } from './api-error.js';
import { onBehalfOf } from './database/fair-pool.js';
import type { Database } from './database/schema.js';
import { FailedLogins } from './limits.js';
import { findKeyByPrefix, isBySeed, isValid } from './store/api-keys.js';

/** Who is asking. */
export interface Caller {
  readonly user: User;
  readonly key: ApiKey;
  /** The types of tasks that there are for this call; those of another type are as if they were not. */
  readonly taskTypes: readonly TaskType[];
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
  }
}

const SECRET = /^cgk_([0-9a-f]{8})_([A-Za-z0-9_-]{43})$/;

/** A new key's secret: its prefix finds the row, the rest is 256 random bits. */
export function makeApiKeySecret(): string {
  return `cgk_${randomBytes(4).toString('hex')}_${randomBytes(32).toString('base64url')}`;
}

/** The prefix of a secret; undefined where the text is no API key. */
export function prefixOf(secret: string): string | undefined {
  return SECRET.exec(secret)?.[1];
}

/** What is stored of a secret. A plain hash is enough for 256 random bits. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** The caller of an authenticated route. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new ApiError('UNAUTHENTICATED', NO_KEY);
  return request.caller;
}

/** Whether the caller works for everybody, rather than seeing their own rows. */
export function seesAll(caller: Pick<Caller, 'key'>): boolean {
  return caller.key.role === 'admin' || caller.key.role === 'service';
}

/** Refuses a caller whose key holds none of the scopes, naming the first. */
export function requireScope(caller: Caller, scopes: readonly string[]): void {
  if (scopes.some((scope) => holdsScope(caller.key.scopes, scope))) return;
  throw new ApiError('FORBIDDEN', `this key lacks the scope ${scopes[0]}; ask for a key that has it`);
}

/** Refuses a caller who was let in a while ago, and would not be now. */
export async function requireStillValid(db: Kysely<Database>, caller: Caller): Promise<void> {
  if (await isValid(db, caller.key.id)) return;
  const detail = 'this API key was revoked or has expired meanwhile, or its user was disabled; ask for a new one';
  throw new ApiError('UNAUTHENTICATED', detail);
}

const NO_KEY = 'send an API key as "Authorization: Bearer cgk_…"; an admin can make one';

const MALFORMED = 'this is not an API key: keys look like cgk_xxxxxxxx_ and 43 characters more; check that it is whole';

/** Checks every request against the access table before its body is read. Must be registered before the routes. */
export function registerAuth(
  app: FastifyInstance,
  { db, stopping }: { db: Kysely<Database>; stopping: AbortSignal },
): void {
  const failed = new FailedLogins();
  const good = new GoodKeys();
  app.decorateRequest('caller', null);
  app.addHook('onRequest', ({ headers, ip, routeOptions }, _reply, done) => {
    onBehalfOf(good.find(secretIn(headers.authorization)) ?? `${ip} ${routeOptions.url}`, done);
  });
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) accessOf(one, url);
  });
  app.addHook('onRequest', async (request) => {
    const { url, method } = request.routeOptions;
    if (url === undefined) return;
    const needed = accessOf([method].flat()[0] ?? '', url);
    if (needed === 'public') return;
    request.caller = await authenticate(db, request.headers.authorization, needed).catch(async (error: unknown) => {
      const isWrong = error instanceof ApiError && request.headers.authorization !== undefined;
      if (isWrong) await failed.slowDown(request.ip, stopping);
      throw error;
    });
    good.add(secretIn(request.headers.authorization));
    authorize(request.caller, needed);
  });
  // A body, or what a poll waits for, may come long after the key was looked at.
  const again = async ({ caller }: FastifyRequest, { elapsedTime }: FastifyReply) => {
    if (caller && elapsedTime >= LOOK_AGAIN_MS) await requireStillValid(db, caller);
  };
  app.addHook('preValidation', again);
  app.addHook('preSerialization', async (request, reply, answer) => {
    // Not before a refusal goes out: what is thrown here then would reach the client as it is, past the error handler.
    if (request.method === 'GET' && reply.statusCode < 400) await again(request, reply);
    return answer;
  });
}

/** Milliseconds after which a request's key is looked at again. */
const LOOK_AGAIN_MS = 1000;
const REMEMBERED = 10_000;

/** Which keys were good the last time, so that their database work is their own and not that of whoever guesses. No more. */
class GoodKeys {
  readonly #hashes = new Set<string>();

  find(secret: string): string | undefined {
    const hash = hashSecret(secret);
    return this.#hashes.has(hash) ? hash : undefined;
  }

  add(secret: string): void {
    const hash = hashSecret(secret);
    this.#hashes.delete(hash);
    this.#hashes.add(hash);
    const [oldest] = this.#hashes;
    if (oldest && this.#hashes.size > REMEMBERED) this.#hashes.delete(oldest);
  }
}

/** The secret that a header holds; an empty one where it holds none. */
function secretIn(header = ''): string {
  return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? '';
}

/** What a route takes, by the access table. */
export function accessOf(method: string, url: string): Access | 'public' {
  // HEAD is GET without the body.
  const route = `${method === 'HEAD' ? 'GET' : method} ${url.replace(/:(\w+)/g, '{$1}')}`;
  const found = access[route];
  if (!found) throw new Error(`${route} is missing in the access table: say in access.ts who may call it`);
  return found;
}

async function authenticate(db: Kysely<Database>, header: string | undefined, needed: Access): Promise<Caller> {
  if (!header) throw new ApiError('UNAUTHENTICATED', NO_KEY);
  const secret = secretIn(header);
  const prefix = prefixOf(secret);
  if (!prefix) throw new ApiError('UNAUTHENTICATED', MALFORMED);
  const found = await findKeyByPrefix(db, prefix);
  const given = Buffer.from(hashSecret(secret), 'hex');
  if (!found || !timingSafeEqual(given, Buffer.from(found.secretHash, 'hex'))) {
    throw new ApiError('UNAUTHENTICATED', 'this API key is not known here; check the token and the API URL');
  }
  if (found.key.revoked_at) throw new ApiError('UNAUTHENTICATED', 'this API key was revoked; ask for a new one');
  if (found.expired) throw new ApiError('UNAUTHENTICATED', 'this API key has expired; ask for a new one');
  if (found.user.disabled_at && !isBySeed(found.key)) {
    throw new ApiError(
      'UNAUTHENTICATED',
      `the user of this API key, ${found.user.id}, is disabled; ask an administrator`,
    );
  }
  const { user, key } = found;
  return { user, key, taskTypes: seesAll({ key }) ? taskType.options : typesSeen(key.scopes, needed) };
}

function authorize(caller: Caller, needed: Access): void {
  const { role } = caller.key;
  if (needed.roles && !needed.roles.includes(role)) {
    const detail = `this is for keys of the role ${needed.roles.join(' or ')}, not ${role}`;
    throw new ApiError('FORBIDDEN', detail, { choices: [...needed.roles] });
  }
  if (needed.scopes.length === 0 || needed.byBody || (needed.openToServices && isService(role))) return;
  requireScope(caller, needed.scopes);
}

function isService(role: ApiKeyRole): boolean {
  return role === 'service' || role === 'admin';
}
