import { type WorkerLogLine, workerLog } from '@codegen/contracts';
import type { OrchestratorError } from '../errors.js';
import { idAfter } from '../queue/entry-id.js';
import { onRedis } from '../queue/redis-errors.js';
import type { QueueStore } from '../queue/store.js';
import { type QueueEntry, toQueueEntry } from './queue-entry.js';
import { tailQueue } from './tail-queue.js';
import { getWorker } from './worker-calls.js';

/** A line that a worker or its agent wrote, with its place in the log. */
export type WorkerLogEntry = { seq: string } & WorkerLogLine;

export interface WorkerLogOptions {
  /** Only lines after this seq. */
  since?: string | undefined;
  /** The last so many lines that are there; 200 by default. With `since`, the first after it. */
  limit?: number | undefined;
  /** Whether to go on with the lines that come, until the signal is aborted. */
  follow?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Told when Redis does not answer for a while and following goes on. */
  onInterruption?: ((error: OrchestratorError) => void) | undefined;
}

/** What a worker and its agent wrote, for a day after the last line, also of a worker that is gone. */
export async function* readWorkerLog(
  store: QueueStore,
  workerId: string,
  { since, limit = 200, follow = false, signal, onInterruption }: WorkerLogOptions,
): AsyncGenerator<WorkerLogEntry, void, undefined> {
  const stream = `worker:${workerId}:log`;
  const found = await onRedis(`reading ${stream}`, () =>
    since === undefined ? store.newest(stream, limit) : store.range(stream, idAfter(since), limit),
  );
  // A worker that has said nothing yet is no unknown one.
  if (found.length === 0 && since === undefined) await getWorker(store, workerId, { signal, timeoutMs: 5000 });
  let last = since ?? '0-0';
  for (const entry of found) {
    last = entry.id;
    const line = lineOf(toQueueEntry(workerLog, entry));
    if (line) yield line;
  }
  if (!follow) return;
  for await (const entry of tailQueue(store, stream, { since: last, signal, onInterruption })) {
    const line = lineOf(entry);
    if (line) yield line;
  }
}

function lineOf({ seq, message }: QueueEntry): WorkerLogEntry | undefined {
  return message && { seq, ...(message as WorkerLogLine) };
}
