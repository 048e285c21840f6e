import { randomUUID } from 'node:crypto';
import { OrchestratorError } from '../errors.js';
import { closeRedis, connectAny } from './connect.js';
import { asUnavailable, isRefused } from './redis-errors.js';
import { RedisStore } from './redis-store.js';

/** Milliseconds that Redis gets to answer at first. */
const PATIENCE_MS = 2000;

/**
 * Connects to queues on Redis, and tells within two seconds where that cannot be done: for callers who are waiting.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE, UNAUTHENTICATED for a wrong password, NOT_CONFIGURED for a wrong URL
 */
export async function openQueue(url: string, name: string): Promise<RedisStore> {
  const unique = `${name}:${randomUUID()}`;
  const redis = connectAny(url, { name: unique });
  let timer: NodeJS.Timeout | undefined;
  let last: Error | undefined;
  const noted = (error: Error) => {
    last = error;
  };
  redis.on('error', noted);
  try {
    await new Promise<void>((resolve, reject) => {
      redis.on('error', (error: Error) => isRefused(error) && reject(error));
      timer = setTimeout(() => reject(last ?? noAnswer()), PATIENCE_MS);
      // A server that wants a password is "ready" without one, and answers nothing.
      redis.once('ready', () => void redis.ping().then(() => resolve(), reject));
    });
    return new RedisStore(redis, unique);
  } catch (error) {
    await closeRedis(redis);
    throw asUnavailable(error, 'connecting');
  } finally {
    clearTimeout(timer);
    redis.off('error', noted);
  }
}

function noAnswer(): OrchestratorError {
  return new OrchestratorError(
    'REDIS_UNAVAILABLE',
    `Redis did not answer within ${PATIENCE_MS} ms. Check that it runs, then try again.`,
  );
}
