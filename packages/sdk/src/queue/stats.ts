import { deadLetterStream, type QueueContract, streamName } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import { delayedKey } from './delay.js';
import { asUnavailable, isGroupGone } from './redis-errors.js';

export interface QueueStats {
  stream: string;
  /** Entries in the stream: waiting and pending. */
  length: number;
  /** Not delivered yet. */
  waiting: number;
  /** Delivered and not acknowledged. */
  pending: number;
  /** Put aside for a later try. */
  delayed: number;
  deadLetters: number;
}

/** How full a queue is. @throws {OrchestratorError} REDIS_UNAVAILABLE */
export async function queueStats(
  redis: Redis,
  contract: QueueContract,
  { params }: { params?: Record<string, string> } = {},
): Promise<QueueStats> {
  const stream = streamName(contract, params);
  try {
    const [length, pending, delayed, deadLetters] = await Promise.all([
      redis.xlen(stream),
      contract.group === undefined ? 0 : pendingCount(redis, stream, contract.group),
      redis.zcard(delayedKey(stream)),
      redis.xlen(deadLetterStream(stream)),
    ]);
    return { stream, length, waiting: Math.max(0, length - pending), pending, delayed, deadLetters };
  } catch (error) {
    throw asUnavailable(error, `reading ${stream}`);
  }
}

async function pendingCount(redis: Redis, stream: string, group: string): Promise<number> {
  try {
    const summary = (await redis.xpending(stream, group)) as [number, ...unknown[]];
    return summary[0];
  } catch (error) {
    if (isGroupGone(error)) return 0;
    throw error;
  }
}
