import { deployQueue, engineeringQueue, type OutboxEntry } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { backoffMs, type Logger, publish, type Redis, sayFailed } from '@codegen/sdk/queue';

/** At most this many messages a round. */
const BATCH_SIZE = 100;
/** The API gives no more at a time. */
const MOST = 500;
/** Milliseconds that an empty outbox is waited for. */
const WAIT_MS = 20_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

export interface RelayDependencies {
  readonly api: Pick<Api, 'outbox' | 'tasks'>;
  readonly redis: Redis;
  readonly logger: Logger;
}

/** The relay: publishes what nobody published. */
export interface Relay {
  /**
   * One round: the API's outbox → XADD → noted as published. Throws where the API is away; what happens to single
   * entries is in the answer. Dying between XADD and note publishes twice, which is harmless: the claim decides.
   */
  round(signal: AbortSignal): Promise<{ found: number; published: number; failed: number }>;
}

/** Entries that failed rest for a while, longer each time, so that they never hold up the others. */
export function createRelay({ api, redis, logger }: RelayDependencies): Relay {
  const resting = new Map<string, { failures: number; untilMs: number }>();

  const relay = async (entry: OutboxEntry, signal: AbortSignal): Promise<boolean> => {
    const { task_id, message } = entry;
    try {
      await publish(redis, contractOf(entry), message, { stream: entry.stream });
      await api.tasks.published(task_id, { request_id: message.request_id }, { signal });
      resting.delete(task_id);
      logger.info({ task_id, stream: entry.stream, correlation_id: message.correlation_id }, 'published');
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const failures = (resting.get(task_id)?.failures ?? 0) + 1;
      const pauseMs = backoffMs(failures - 1, { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS });
      resting.set(task_id, { failures, untilMs: Date.now() + pauseMs });
      sayFailed(logger, error, 'not published, will try again', { task_id, stream: entry.stream, failures });
      return false;
    }
  };

  return {
    async round(signal) {
      // Those that rest come first, being the oldest: the others must still find room.
      const limit = Math.min(MOST, BATCH_SIZE + resting.size);
      const entries = await api.outbox({ limit, wait_ms: WAIT_MS }, { signal });
      const due = entries.filter((entry) => (resting.get(entry.task_id)?.untilMs ?? 0) <= Date.now());
      const outcomes = await Promise.all(due.map((entry) => relay(entry, signal)));
      forgetAbsent(resting, entries);
      const published = outcomes.filter(Boolean).length;
      return { found: entries.length, published, failed: due.length - published };
    },
  };
}

function contractOf(entry: OutboxEntry) {
  const contract = [engineeringQueue, deployQueue].find((one) => one.stream === entry.stream);
  if (contract) return contract;
  throw new Error(`no contract for the stream ${entry.stream}: is the API newer than the scheduler?`);
}

/** What left the outbox by another way needs no memory. */
function forgetAbsent(resting: Map<string, unknown>, entries: readonly OutboxEntry[]): void {
  const present = new Set(entries.map((entry) => entry.task_id));
  for (const taskId of resting.keys()) if (!present.has(taskId)) resting.delete(taskId);
}
