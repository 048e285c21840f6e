import { abortable } from '../abortable.js';
import type { QueueStore } from '../queue/store.js';
import type { RedisSession } from '../redis-session.js';
import type { DeadLetterItem, LetterChoice, LetterPurge, LetterReplay, PurgeChoice } from './dead-letters.js';
import type { QueuePeek } from './peek-queue.js';
import type { PublishedMessage, PublishMessageOptions } from './publish-message.js';
import type { QueueEntry } from './queue-entry.js';
import type { QueueFigures, QueueSummary } from './queue-figures.js';
import type { TailOptions } from './tail-queue.js';

/** What every call takes last: its signal stops it within 50 ms; a change that Redis was asked for may still happen. */
export interface QueueCallOptions {
  signal?: AbortSignal | undefined;
}

/**
 * The queues themselves, for whoever runs the system. A queue is named as its stream: `engineering:queue`,
 * `worker:developer:w-1:input`. Every call rejects with NOT_FOUND for a name that is none, REDIS_REQUIRED without a
 * Redis URL, REDIS_UNAVAILABLE within seconds, UNAUTHENTICATED for a wrong password.
 */
export class QueuesClient {
  readonly #session: RedisSession;

  constructor(session: RedisSession) {
    this.#session = session;
  }

  /** Every queue of the contracts and what waits in it. */
  async list({ signal }: QueueCallOptions = {}): Promise<QueueSummary[]> {
    const { listQueues } = await import('./queue-figures.js');
    return await abortable(listQueues(await this.#session.store(signal)), signal);
  }

  /** How full one queue is, or every one that there is. */
  async stats(name?: string, { signal }: QueueCallOptions = {}): Promise<QueueFigures[]> {
    const { readFigures } = await import('./queue-figures.js');
    return await abortable(readFigures(await this.#storeOf(name, signal), name), signal);
  }

  /** The next entries of a work queue, or the newest of a log, 10 by default; takes none of them. */
  async peek(name: string, { limit = 10, signal }: QueueCallOptions & { limit?: number } = {}): Promise<QueuePeek> {
    const { peekQueue } = await import('./peek-queue.js');
    return await abortable(peekQueue(await this.#storeOf(name, signal), name, limit), signal);
  }

  /** Entries as they come, over outages of Redis of up to five minutes; ends with the signal's reason. */
  async *tail(name: string, options: TailOptions = {}): AsyncGenerator<QueueEntry, void, undefined> {
    const { tailQueue } = await import('./tail-queue.js');
    yield* tailQueue(await this.#storeOf(name, options.signal), name, options);
  }

  /** Checks a message against the queue's contract and adds it. @throws OrchestratorError VALIDATION_FAILED, IDEMPOTENCY_MISMATCH */
  async publish(
    name: string,
    message: unknown,
    { signal, ...options }: QueueCallOptions & PublishMessageOptions = {},
  ): Promise<PublishedMessage> {
    const { publishMessage } = await import('./publish-message.js');
    return await abortable(
      publishMessage(() => this.#session.store(signal), name, message, options),
      signal,
    );
  }

  /** A page of a queue's dead letters, oldest first; 50 by default. */
  async deadLetters(
    name: string,
    { signal, ...page }: QueueCallOptions & { limit?: number; cursor?: string | undefined } = {},
  ): Promise<{ items: DeadLetterItem[]; next_cursor: string | null }> {
    const { listDeadLetters } = await import('./dead-letters.js');
    return await abortable(listDeadLetters(await this.#storeOf(name, signal), name, page), signal);
  }

  /** Puts dead letters back into their queue. @throws OrchestratorError NOT_FOUND where none of the ids is there */
  async replay(
    name: string,
    choice: LetterChoice,
    options: QueueCallOptions & { dryRun?: boolean } = {},
  ): Promise<LetterReplay> {
    const { replayLetters } = await import('./dead-letters.js');
    const { signal } = options;
    return await abortable(replayLetters(await this.#storeOf(name, signal), name, choice, options), signal);
  }

  /** Removes dead letters for good. @throws OrchestratorError NOT_FOUND where none of the ids is there */
  async purge(
    name: string,
    choice: PurgeChoice,
    options: QueueCallOptions & { dryRun?: boolean } = {},
  ): Promise<LetterPurge> {
    const { purgeLetters } = await import('./dead-letters.js');
    const { signal } = options;
    return await abortable(purgeLetters(await this.#storeOf(name, signal), name, choice, options), signal);
  }

  /** What is no name of a queue is told without Redis. */
  async #storeOf(name: string | undefined, signal: AbortSignal | undefined): Promise<QueueStore> {
    if (name !== undefined) (await import('./find-queue.js')).findQueue(name);
    return await this.#session.store(signal);
  }
}
