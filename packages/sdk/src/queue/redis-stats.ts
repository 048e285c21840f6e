import { deadLetterStream } from '@codegen/contracts';
import { delayedKey } from './delay.js';
import { statsScript } from './lua/stats.js';
import type { RedisClient } from './redis-client.js';
import { runScript } from './script.js';
import type { QueueStats } from './store.js';

/** Delivered entries that are looked at one by one. */
const MAX_DELIVERED = 1000;

/** Counts a stream's entries in Redis; the stream itself at one moment. */
export async function redisStats(redis: RedisClient, stream: string, group: string | undefined): Promise<QueueStats> {
  const [counted, delayed, deadLetters] = await Promise.all([
    runScript(redis, statsScript, [stream], [group ?? '', MAX_DELIVERED]) as Promise<number[]>,
    redis.zcard(delayedKey(stream)),
    redis.xlen(deadLetterStream(stream)),
  ]);
  const [length = 0, waiting = 0, pending = 0, consumers = 0, oldestWaiting = -1, oldestPending = -1] = counted;
  return {
    stream,
    length,
    waiting,
    pending,
    delayed,
    deadLetters,
    consumers,
    oldestWaitingMs: oldestWaiting < 0 ? null : oldestWaiting,
    oldestPendingMs: oldestPending < 0 ? null : oldestPending,
  };
}
