import { abortable } from './abortable.js';
import { OrchestratorError } from './errors.js';
import type { QueueStore } from './queue/store.js';

/** The one connection to Redis of a client: opened when first used, closed with it. */
export class RedisSession {
  readonly #url: string | undefined;
  #opening: Promise<QueueStore> | undefined;

  constructor(url: string | undefined) {
    this.#url = url;
  }

  /** @throws {OrchestratorError} REDIS_REQUIRED without a URL; else as `openQueue` */
  async store(signal?: AbortSignal): Promise<QueueStore> {
    signal?.throwIfAborted();
    const url = this.#url;
    if (url === undefined) throw redisRequired();
    this.#opening ??= import('./queue/open-queue.js').then(({ openQueue }) => openQueue(url, 'orchestrator-sdk'));
    const opening = this.#opening;
    opening.catch(() => {
      // The next call tries anew.
      if (this.#opening === opening) this.#opening = undefined;
    });
    return await abortable(opening, signal);
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    const store = await opening?.catch(() => undefined);
    await store?.close();
  }
}

function redisRequired(): OrchestratorError {
  return new OrchestratorError(
    'REDIS_REQUIRED',
    'this needs Redis, and no Redis URL is known: queues and workers cannot be reached through the API',
  );
}
