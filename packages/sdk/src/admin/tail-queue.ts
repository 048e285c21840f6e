import { abortable } from '../abortable.js';
import { OrchestratorError } from '../errors.js';
import { backoffMs, pause } from '../queue/backoff.js';
import { currentPosition } from '../queue/read-log.js';
import { asUnavailable, isReadRefused, isRefused } from '../queue/redis-errors.js';
import type { QueueStore, WaitingReader } from '../queue/store.js';
import { findQueue } from './find-queue.js';
import { type QueueEntry, toQueueEntry } from './queue-entry.js';

/** Milliseconds that one read waits for entries. */
const BLOCK_MS = 5000;
const PAGE = 100;
/** Milliseconds without any answer after which following gives up. */
const PATIENCE_MS = 300_000;

export interface TailOptions {
  /** Only entries after this seq: `0` for all there are; by default those that come from now on. */
  since?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Told when Redis does not answer for a while and following goes on. */
  onInterruption?: ((error: OrchestratorError) => void) | undefined;
}

/**
 * A queue's entries as they come, each once and in order, over outages of Redis of up to five minutes. Takes nothing:
 * of a work queue it misses what was handled before it could look.
 *
 * States: reading → (Redis away) trying again → reading; either → (aborted) ended, with the signal's reason
 */
export async function* tailQueue(
  store: QueueStore,
  name: string,
  { since, signal, onInterruption }: TailOptions = {},
): AsyncGenerator<QueueEntry, void, undefined> {
  const { contract, stream } = findQueue(name);
  if (since !== undefined && !/^\d{1,16}(-\d{1,16})?$/.test(since)) {
    throw new OrchestratorError('VALIDATION_FAILED', 'since must be a seq, such as 1760000000000-0, or 0 for all');
  }
  // A fixed position: with the newest again after a lost connection, what came meanwhile would be missed.
  let position = since ?? (await currentPosition(store, stream));
  const reader = store.openReader();
  try {
    for (;;) {
      const entries = await patiently(() => readAfter(reader, stream, position, signal), signal, onInterruption);
      for (const entry of entries) {
        position = entry.id;
        yield toQueueEntry(contract, entry);
        signal?.throwIfAborted();
      }
    }
  } finally {
    await reader.close();
  }
}

async function readAfter(reader: WaitingReader, stream: string, position: string, signal: AbortSignal | undefined) {
  const read = reader.readAfter(new Map([[stream, position]]), { count: PAGE, blockMs: BLOCK_MS });
  return await abortable(read, signal);
}

/** Repeats a read while Redis is away. */
async function patiently<T>(
  read: () => Promise<T>,
  signal: AbortSignal | undefined,
  onInterruption: TailOptions['onInterruption'],
): Promise<T> {
  const untilMs = performance.now() + PATIENCE_MS;
  for (let failures = 0; ; failures += 1) {
    try {
      return await read();
    } catch (error) {
      signal?.throwIfAborted();
      if (isReadRefused(error)) {
        throw new OrchestratorError('VALIDATION_FAILED', 'what is there by that name is no stream', { cause: error });
      }
      const told = asUnavailable(error, 'reading');
      const isFinal = !(error instanceof Error) || isRefused(error) || performance.now() > untilMs;
      if (isFinal || !(told instanceof OrchestratorError)) throw told;
      if (failures === 0) onInterruption?.(told);
      await pause(backoffMs(failures), signal ?? new AbortController().signal);
      signal?.throwIfAborted();
    }
  }
}
