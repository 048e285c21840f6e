import { type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { asUnavailable } from './redis-errors.js';

/**
 * Removes from a work queue what every group of its stream has acknowledged, and nothing else: for consumers that
 * acknowledge without deleting. Consumers of `runConsumer` do it by themselves. Returns how many entries went.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE
 */
export async function trimAcknowledged(
  queue: QueueTarget,
  contract: QueueContract,
  { params }: { params?: Record<string, string> } = {},
): Promise<number> {
  const stream = streamName(contract, params);
  try {
    return await storeOf(queue).trimAcknowledged(stream);
  } catch (error) {
    throw asUnavailable(error, `trimming ${stream}`);
  }
}
