import { abortable } from './abortable.js';
import { OrchestratorError } from './errors.js';
import type { RedisStore } from './queue/redis-store.js';
import type { QueueStore } from './queue/store.js';

interface Opened {
  readonly store: Promise<RedisStore>;
  readonly giveUp: AbortController;
}

/** The one connection to Redis of a client: opened when first used, closed with it. */
export class RedisSession {
  readonly #url: string | undefined;
  #opened: Opened | undefined;
  /** Whether it stays open until `close`. */
  #kept = false;
  #users = 0;

  constructor(url: string | undefined) {
    this.#url = url;
  }

  get hasUrl(): boolean {
    return this.#url !== undefined;
  }

  /** The connection, which stays open. @throws {OrchestratorError} REDIS_REQUIRED without a URL; else as `openQueue` */
  async store(signal?: AbortSignal): Promise<QueueStore> {
    signal?.throwIfAborted();
    const opening = this.#open();
    this.#kept = true;
    return await abortable(opening, signal);
  }

  /**
   * Works on the connection that is open, else on one that is closed afterwards: whoever only starts a task has nothing to
   * close. @throws {OrchestratorError} as `store`
   */
  async use<T>(work: (store: RedisStore) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#users += 1;
    try {
      return await abortable(this.#open().then(work), signal);
    } finally {
      this.#users -= 1;
      // Whoever gives up has no time for a polite end.
      if (this.#users === 0 && !this.#kept) void this.#end(signal?.aborted === true);
    }
  }

  async close(): Promise<void> {
    this.#kept = false;
    await this.#end(false);
  }

  #open(): Promise<RedisStore> {
    const url = this.#url;
    if (url === undefined) return Promise.reject(redisRequired());
    if (!this.#opened) {
      const giveUp = new AbortController();
      const store = import('./queue/open-queue.js').then(({ openQueue }) =>
        openQueue(url, 'orchestrator-sdk', giveUp.signal),
      );
      const opened = { store, giveUp };
      this.#opened = opened;
      store.catch(() => {
        // The next call tries anew.
        if (this.#opened === opened) this.#opened = undefined;
      });
    }
    return this.#opened.store;
  }

  async #end(now: boolean): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    if (now) opened?.giveUp.abort();
    const store = await opened?.store.catch(() => undefined);
    if (now) store?.drop();
    else await store?.close();
  }
}

function redisRequired(): OrchestratorError {
  return new OrchestratorError(
    'REDIS_REQUIRED',
    'this needs Redis, and no Redis URL is known: queues and workers cannot be reached through the API',
  );
}
