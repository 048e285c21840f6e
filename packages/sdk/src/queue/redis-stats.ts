import { deadLetterStream } from '@codegen/contracts';
import { delayedKey } from './delay.js';
import type { RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import type { QueueStats } from './stats.js';

/** Counts a stream's entries in Redis. XINFO's lag is no help: it is unknown once an entry was deleted. */
export async function redisStats(redis: RedisClient, stream: string, group: string | undefined): Promise<QueueStats> {
  const [length, pending, delayed, deadLetters] = await Promise.all([
    redis.xlen(stream),
    group === undefined ? 0 : pendingCount(redis, stream, group),
    redis.zcard(delayedKey(stream)),
    redis.xlen(deadLetterStream(stream)),
  ]);
  return { stream, length, waiting: Math.max(0, length - pending), pending, delayed, deadLetters };
}

async function pendingCount(redis: RedisClient, stream: string, group: string): Promise<number> {
  try {
    const summary = (await redis.xpending(stream, group)) as [number, ...unknown[]];
    return summary[0];
  } catch (error) {
    if (isGroupGone(error)) return 0;
    throw error;
  }
}
