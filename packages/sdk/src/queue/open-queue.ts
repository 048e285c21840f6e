import { randomUUID } from 'node:crypto';
import { OrchestratorError } from '../errors.js';
import { closeRedis, connectAny, dropRedis } from './connect.js';
import type { RedisClient } from './redis-client.js';
import { asUnavailable, isRefused } from './redis-errors.js';
import { RedisStore } from './redis-store.js';

/** Milliseconds that Redis gets to answer at first. */
const PATIENCE_MS = 2000;

/**
 * Connects to queues on Redis, and tells within two seconds where that cannot be done: for callers who are waiting.
 * An abort of `giveUp` ends the connection at once.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE, UNAUTHENTICATED for a wrong password, NOT_CONFIGURED for a wrong URL
 */
export async function openQueue(url: string, name: string, giveUp?: AbortSignal): Promise<RedisStore> {
  const unique = `${name}:${randomUUID()}`;
  const redis = connectAny(url, { name: unique });
  try {
    await untilAnswering(redis, giveUp);
    return new RedisStore(redis, unique);
  } catch (error) {
    if (giveUp?.aborted) dropRedis(redis);
    else await closeRedis(redis);
    throw asUnavailable(error, 'connecting');
  }
}

/** Resolves when Redis answers on this connection; rejects where it does not let us in, or not within two seconds. */
export async function untilAnswering(redis: RedisClient, giveUp?: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let last: Error | undefined;
  let refuse: (error: Error) => void = () => undefined;
  let ask: () => void = () => undefined;
  const noted = (error: Error) => {
    last = error;
    if (isRefused(error)) refuse(error);
  };
  const given = () => refuse(giveUp?.reason);
  redis.on('error', noted);
  giveUp?.addEventListener('abort', given);
  try {
    await new Promise<void>((resolve, reject) => {
      refuse = reject;
      timer = setTimeout(() => reject(last ?? noAnswer()), PATIENCE_MS);
      // A server that wants a password is "ready" without one, and answers nothing.
      ask = () => void redis.ping().then(() => resolve(), reject);
      if (redis.status === 'ready') ask();
      else redis.once('ready', ask);
    });
  } finally {
    clearTimeout(timer);
    redis.off('error', noted);
    redis.off('ready', ask);
    giveUp?.removeEventListener('abort', given);
  }
}

function noAnswer(): OrchestratorError {
  return new OrchestratorError(
    'REDIS_UNAVAILABLE',
    `Redis did not answer within ${PATIENCE_MS} ms. Check that it runs, then try again.`,
  );
}
