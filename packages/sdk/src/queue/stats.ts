import { type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { asUnavailable } from './redis-errors.js';
import type { QueueStats } from './store.js';

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
