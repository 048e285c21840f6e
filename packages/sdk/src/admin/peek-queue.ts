import { onRedis } from '../queue/redis-errors.js';
import type { QueueStore } from '../queue/store.js';
import { findQueue } from './find-queue.js';
import { type QueueEntry, toQueueEntry } from './queue-entry.js';

/** What a look into a queue shows. */
export interface QueuePeek {
  stream: string;
  /** `waiting`: no consumer was given these yet; `newest`: of a log, the last ones. */
  shows: 'waiting' | 'newest';
  /** Oldest first. */
  entries: QueueEntry[];
}

/** The next entries of a work queue, or the newest of a log; takes none of them. */
export async function peekQueue(store: QueueStore, name: string, limit: number): Promise<QueuePeek> {
  const { contract, stream } = findQueue(name);
  const { group } = contract;
  const found = await onRedis(`reading ${stream}`, () =>
    group === undefined ? store.newest(stream, limit) : store.waiting(stream, group, limit),
  );
  const entries = found.map((entry) => toQueueEntry(contract, entry));
  return { stream, shows: group === undefined ? 'newest' : 'waiting', entries };
}
