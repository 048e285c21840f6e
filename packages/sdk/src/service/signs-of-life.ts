import { holdsScope, type ServiceName, serviceScopes } from '@codegen/contracts';
import { type Api, createApi } from '../api/index.js';
import { isOrchestratorError, isRefusal, OrchestratorError } from '../errors.js';
import { pause } from '../queue/backoff.js';
import type { Logger } from '../queue/logger.js';
import { untilAnswering } from '../queue/open-queue.js';
import type { RedisClient } from '../queue/redis-client.js';
import { asUnavailable } from '../queue/redis-errors.js';
import { textOf } from '../text/error-text.js';
import { version } from '../version.js';
import { sayAway, sayBack } from './outage-log.js';
import type { ServiceSettings } from './service-kit.js';

/** Milliseconds between two signs of life; the API counts three missing ones as an end. */
const EVERY_MS = 10_000;
/** Milliseconds between two tries while the API or Redis is away. */
const AGAIN_MS = 1000;
const TRY_MS = 5000;
/** Milliseconds between two tries at an API of a release without signs of life. */
const OLDER_API_MS = 300_000;
/** Milliseconds that a Redis which let us in before may refuse us: after a failover, the new master may get its users later. */
const REFUSED_MS = 30_000;

export interface SignsOfLife {
  /** Rejects when the API or Redis does not let the service in; never resolves. */
  readonly refused: Promise<never>;
  /** The service runs: it is told of from now on. */
  begin(): Promise<void>;
  stop(): void;
}

/**
 * Checks what no time mends, now and every 10 seconds: a service's key, the scopes of that, and its login to Redis; and tells
 * the API that it runs, from `begin` on: one that fails at each start is not told of. The first check ends before this
 * resolves. One that the API or Redis is away for is made up for, and a Redis that let the service in before has half a minute
 * to do so again.
 * @throws {Error} with all that is refused
 */
export async function giveSignsOfLife(
  name: string,
  instance: string,
  { api: place, redis }: { api?: ServiceSettings['api']; redis?: RedisClient | undefined },
  logger: Logger,
  { everyMs = EVERY_MS, againMs = AGAIN_MS, refusedMs = REFUSED_MS } = {},
): Promise<SignsOfLife> {
  const api = place && createApi({ ...place, apiUrl: place.url, retry: { attempts: 1 }, timeoutMs: TRY_MS });
  const stopping = new AbortController();
  let checked = false;
  let noteAgainMs = 0;
  let hasBegun = false;
  let noting: Promise<void> | undefined;
  // One at a time: the first one and a look may come together.
  const note = () => {
    noting ??= tell().finally(() => {
      noting = undefined;
    });
    return noting;
  };
  const tell = async () => {
    if (!api || !isKeyed(name) || !hasBegun) return;
    if (performance.now() < noteAgainMs) return void (await api.health());
    await api.noteService(name, instance, version).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.status !== 404) throw isRefusal(error) ? refusedKey(name, error) : error;
      // An API that is older takes no signs of life; it may be upgraded.
      if (noteAgainMs === 0) logger.warn({}, 'the API is older and takes no signs of life: nobody sees that this runs');
      noteAgainMs = performance.now() + OLDER_API_MS;
    });
  };
  const login = redis && watchLogin(redis, refusedMs);
  const check = async (): Promise<unknown[]> => {
    const useKey = async () => {
      if (api && !checked) await checkKey(name, api);
      await note();
    };
    // Redis being away is no reason to keep silent. What is wrong with the key ends with a line to paste.
    const outcomes = await Promise.allSettled([login?.(), useKey()]);
    const errors = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    const refusals = errors.filter(isRefusal).map(textOf);
    if (refusals.length > 0) throw new OrchestratorError('FORBIDDEN', refusals.join(' '));
    checked ||= errors.length === 0;
    return errors;
  };
  let away: unknown[] = [];
  const look = async () => {
    away = await check();
    for (const [what, isNeeded] of [
      ['the API', api],
      ['Redis', login],
    ] as const) {
      const error = away.find((one) => (isRedisError(one) ? 'Redis' : 'the API') === what);
      if (error !== undefined) sayAway(logger, what, error, 'giving a sign of life');
      else if (isNeeded) sayBack(logger, what);
    }
  };
  await look();
  const refused = (async (): Promise<never> => {
    for (;;) {
      await pause(away.length > 0 ? againMs : everyMs, stopping.signal);
      if (stopping.signal.aborted) return new Promise<never>(() => undefined);
      await look();
    }
  })();
  refused.catch(() => undefined);
  const begin = async () => {
    hasBegun = true;
    // What does not succeed is told, and tried again, by the next look.
    await note().catch(() => undefined);
  };
  return { refused, begin, stop: () => stopping.abort() };
}

function isRedisError(error: unknown): boolean {
  return isOrchestratorError(error) && error.code === 'REDIS_UNAVAILABLE';
}

function isKeyed(name: string): name is ServiceName {
  return Object.hasOwn(serviceScopes, name);
}

async function checkKey(name: string, api: Api): Promise<void> {
  const { key } = await api.whoami().catch((error: unknown) => {
    throw isRefusal(error) ? refusedKey(name, error) : error;
  });
  if (!isKeyed(name)) return;
  const scopes: readonly string[] = serviceScopes[name];
  const lacking = scopes.filter((scope) => !holdsScope(key.scopes, scope));
  if (lacking.length === 0 && (key.role === 'service' || key.role === 'admin')) return;
  const has =
    lacking.length > 0
      ? `lacks the scope${lacking.length > 1 ? 's' : ''} ${lacking.join(', ')}`
      : `has the role ${key.role}`;
  throw new OrchestratorError('FORBIDDEN', `The key in API_TOKEN (${key.prefix}) ${has}.${makeAnother(name)}`);
}

function refusedKey(name: string, cause: unknown): OrchestratorError {
  const text = `The API refuses API_TOKEN: ${textOf(cause)}.${makeAnother(name)}`;
  return new OrchestratorError('UNAUTHENTICATED', text, { cause });
}

function makeAnother(name: string): string {
  if (!isKeyed(name)) return '';
  return ` Make another one: orchestrator auth key create ${name} --role service --scopes ${serviceScopes[name].join(',')}`;
}

/** Checks a login again and again: one that was good and is refused counts as an outage at first. */
function watchLogin(redis: RedisClient, refusedMs: number): () => Promise<void> {
  let wasLetIn = false;
  let refusedAt: number | undefined;
  return async () => {
    try {
      await checkLogin(redis);
      wasLetIn = true;
      refusedAt = undefined;
    } catch (error) {
      if (!isRefusal(error)) refusedAt = undefined;
      else if (wasLetIn) {
        refusedAt ??= performance.now();
        if (performance.now() - refusedAt < refusedMs) {
          throw new OrchestratorError('REDIS_UNAVAILABLE', textOf(error), { cause: error });
        }
      }
      throw error;
    }
  };
}

async function checkLogin(redis: RedisClient): Promise<void> {
  try {
    await untilAnswering(redis);
  } catch (error) {
    const known = asUnavailable(error, 'connecting');
    // What the others cannot reach is theirs to tell of.
    if (isOrchestratorError(known)) throw known;
  }
}
