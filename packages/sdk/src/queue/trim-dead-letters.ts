import { type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { asUnavailable } from './redis-errors.js';
import type { LetterLimits } from './store.js';

/** How long dead letters are kept, and how many of one queue: 30 days, 10,000. */
export const defaultLetterLimits: LetterLimits = { maxAgeMs: 30 * 86_400_000, maxCount: 10_000 };

/**
 * Removes the dead letters of a work queue that are too old or too many, oldest first; by the server's clock. Consumers
 * of `runConsumer` do it by themselves. Returns how many went.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE
 */
export async function trimDeadLetters(
  queue: QueueTarget,
  contract: QueueContract,
  { params, ...limits }: { params?: Record<string, string> } & Partial<LetterLimits> = {},
): Promise<number> {
  const stream = streamName(contract, params);
  try {
    return await storeOf(queue).trimDeadLetters(stream, { ...defaultLetterLimits, ...limits });
  } catch (error) {
    throw asUnavailable(error, `trimming the dead letters of ${stream}`);
  }
}
