import { type ProgressEvent, taskEvents } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { type RunningConsumer, type RunningService, runConsumer } from '@codegen/sdk/consumer';
import { isOrchestratorError, isRefusal, PermanentError } from '@codegen/sdk/errors';
import { compareEntryIds } from '@codegen/sdk/queue';
import type { ServiceKit } from '@codegen/sdk/service';
import { messageOf } from '@codegen/sdk/text';
import { isAway, untilBack } from './engine/backoff.js';
import type { DatabasePool } from './engine/database/pool.js';
import { holdRole } from './engine/hold-role.js';

const BATCH = 500;
const BATCH_MS = 40;

interface Waiting {
  entry_id: string;
  event: ProgressEvent;
  signal: AbortSignal;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Brings progress events to the API, a batch at a time and in the order of the stream. An entry is acknowledged when
 * the API has it; the API knows events by their entry, so one that is posted twice is kept once. An event that the API
 * refuses goes to the dead letters alone, not with its batch.
 */
export function recordEvents(options: {
  api: Pick<Api, 'events'>;
  consumer: ServiceKit['consumer'] & { leaseMs: number };
}): RunningConsumer {
  const { api, consumer } = options;
  const { logger } = consumer;
  let waiting: Waiting[] = [];
  let posting: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting.sort((a, b) => compareEntryIds(a.entry_id, b.entry_id));
    waiting = [];
    if (batch.length === 0) return;
    // One batch that breaks, whatever way, must not take the next ones along.
    posting = posting
      .then(() => post(batch))
      .catch((error: unknown) => {
        logger.error({ events: batch.length, error: String(error) }, 'a batch of events broke');
        for (const one of batch) one.reject(error);
      });
  };
  const post = async (batch: Waiting[]): Promise<void> => {
    const live = batch.filter((one) => !one.signal.aborted);
    const signal = live[0]?.signal;
    for (const one of batch) if (one.signal.aborted) one.reject(one.signal.reason);
    if (!signal) return;
    try {
      const events = live.map(({ entry_id, event }) => ({ entry_id, event }));
      await untilBack(() => api.events.record({ events }, { signal }), signal);
      for (const one of live) one.resolve();
    } catch (error) {
      if (signal.aborted || isAway(error) || isRefusal(error)) for (const one of live) one.reject(error);
      // What the API fails at may be mended: the entry is tried again by itself, then goes to the dead letters.
      else if (live.length === 1) live[0]?.reject(isInternal(error) ? error : refused(error));
      else {
        logger.warn(
          { events: live.length, error: String(error) },
          'a batch of events was refused, posting them in halves',
        );
        const middle = Math.ceil(live.length / 2);
        await post(live.slice(0, middle));
        await post(live.slice(middle));
      }
    }
  };

  return runConsumer({
    ...consumer,
    contract: taskEvents,
    concurrency: BATCH,
    prefetch: BATCH,
    handler: (event, { entryId, signal }) => {
      if (event.task_id === null) return Promise.resolve();
      return new Promise<void>((resolve, reject) => {
        waiting.push({ entry_id: entryId, event, signal, resolve, reject });
        if (waiting.length >= BATCH) flush();
        else timer ??= setTimeout(flush, BATCH_MS);
      });
    },
  });
}

/** Records events on one replica at a time, so that they keep their order. */
export function recordEventsAlone(service: ServiceKit, pool: DatabasePool, leaseMs: number): RunningService {
  const { api, instance: holder, logger } = service;
  const start = () => {
    const recording = recordEvents({ api, consumer: { ...service.consumer, leaseMs } });
    recording.done.catch(service.fail);
    service.observe(recording);
    return recording;
  };
  return holdRole({ pool, name: 'event-recorder', holder, leaseMs, start, logger });
}

function isInternal(error: unknown): boolean {
  return isOrchestratorError(error) && error.code === 'INTERNAL';
}

function refused(error: unknown): PermanentError {
  const code = isOrchestratorError(error) ? error.code : undefined;
  const text = messageOf(error);
  return new PermanentError(`the API refuses this event: ${text}`, { cause: error, ...(code && { code }) });
}
