import { randomUUID } from 'node:crypto';
import { type ConnectOptions, connectAny } from './connect.js';
import type { RedisClient } from './redis-client.js';
import { RedisStore } from './redis-store.js';
import type { QueueStore } from './store.js';

/** Where queues are: a store, or a connection that becomes one. */
export type QueueTarget = QueueStore | RedisClient;

const stores = new WeakMap<RedisClient, RedisStore>();

/**
 * Connects to queues on Redis: `redis://[user:password@]host:port[/db]` (`rediss:` with TLS, or a socket's path),
 * `redis+sentinel://[user:password@]host:port,…/master[/db]`, `redis+cluster://[user:password@]host:port,…`.
 * Reconnects for ever; with Redis away, an operation fails after 5 seconds.
 * @throws {OrchestratorError} NOT_CONFIGURED where the URL is none of these
 */
export function connectQueue(
  url: string,
  { name = 'codegen', logger }: Omit<ConnectOptions, 'blocking'> = {},
): QueueStore {
  const unique = `${name.replace(/[^\w.:-]/g, '_')}:${randomUUID()}`;
  const redis = connectAny(url, { name: unique, ...(logger && { logger }) });
  const store = new RedisStore(redis, unique);
  stores.set(redis, store);
  return store;
}

/** The store on a connection; always the same one for the same connection. */
export function storeOf(target: QueueTarget): QueueStore {
  if ('readTogether' in target) return target;
  let store = stores.get(target);
  if (!store) {
    store = new RedisStore(target, `codegen:${randomUUID()}`);
    stores.set(target, store);
  }
  return store;
}
