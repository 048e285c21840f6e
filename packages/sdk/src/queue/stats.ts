import { type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { asUnavailable } from './redis-errors.js';

/** How full a queue is, as its group sees it. Ages are by the clock of the store. */
export interface QueueStats {
  stream: string;
  /** Entries in the stream: waiting and pending. */
  length: number;
  /** Not delivered to any consumer yet: the lag of the group. */
  waiting: number;
  /** Delivered and not acknowledged; also one that was deleted meanwhile, until a consumer's next sweep forgets it. */
  pending: number;
  /** Put aside for a later try. */
  delayed: number;
  deadLetters: number;
  /** Consumers that the group knows; one that died without a word is forgotten after an hour. */
  consumers: number;
  /** Milliseconds since the oldest waiting entry was added to the stream, which a retry does anew; null without one. */
  oldestWaitingMs: number | null;
  /** The same of the oldest pending entry. */
  oldestPendingMs: number | null;
}

/** How full a queue is. @throws {OrchestratorError} REDIS_UNAVAILABLE */
export async function queueStats(
  queue: QueueTarget,
  contract: QueueContract,
  { params }: { params?: Record<string, string> } = {},
): Promise<QueueStats> {
  const stream = streamName(contract, params);
  try {
    return await storeOf(queue).stats(stream, contract.group);
  } catch (error) {
    throw asUnavailable(error, `reading ${stream}`);
  }
}
