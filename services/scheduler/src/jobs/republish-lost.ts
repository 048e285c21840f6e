import { deployQueue, engineeringQueue, type OutboxEntry } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { type Logger, publish, type Redis, requestIdsIn } from '@codegen/sdk/queue';

const PAGE = 500;
const queues = [engineeringQueue, deployQueue];

/**
 * Publishes again what Redis has lost: messages of tasks that nobody has started and that no queue holds any more. One
 * that was being acted on just then comes twice, which the claim makes harmless.
 */
export async function republishLost(
  { api, redis, logger }: { api: Pick<Api, 'unstarted' | 'tasks'>; redis: Redis; logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const unstarted: OutboxEntry[] = [];
  for (let page: OutboxEntry[] = []; ; ) {
    page = await api.unstarted({ after: page.at(-1)?.task_id, limit: PAGE }, { signal });
    unstarted.push(...page);
    if (page.length < PAGE) break;
  }
  for (const contract of queues) {
    const mine = unstarted.filter((entry) => entry.stream === contract.stream);
    if (mine.length === 0) continue;
    const held = await requestIdsIn(redis, contract);
    for (const { task_id, message } of mine.filter((entry) => !held.has(entry.message.request_id))) {
      signal.throwIfAborted();
      const { correlation_id } = message;
      const about = { task_id, stream: contract.stream, correlation_id };
      try {
        await publish(redis, contract, message);
      } catch (error) {
        // One that can never be published holds up no other; with Redis away, all are tried again.
        if (!isOrchestratorError(error) || error.code !== 'VALIDATION_FAILED') throw error;
        logger.error({ ...about, error: String(error) }, 'its message was lost, and cannot be published');
        continue;
      }
      await api.tasks.published(task_id, { request_id: message.request_id }, { signal });
      logger.warn(about, 'its message was lost: published again');
    }
  }
}
