import { decodeEntry, type MessageOf, type QueueContract, streamName } from '@codegen/contracts';
import { backoffMs, pause } from './backoff.js';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { asUnavailable } from './redis-errors.js';

/** Well below the silence limit of the connection. */
const MAX_BLOCK_MS = 5000;
/** Entries that one read brings. */
const PAGE = 100;

export interface ReadLogOptions {
  params?: Record<string, string>;
  /** `$`: what comes from now on; `0`: all there is; or the id of the last entry that was read. */
  from: string;
  signal: AbortSignal;
  /** Milliseconds that one read waits for entries; 5,000 at most. */
  blockMs?: number;
}

/**
 * Reads a log from a position until the signal is aborted; survives lost connections, going on where it was.
 * Entries that do not fit the contract are passed over: a log has no dead letters.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE when `from` is `$` and the position cannot be found out
 */
export async function* readLog<C extends QueueContract>(
  queue: QueueTarget,
  contract: C,
  { params, from, signal, blockMs = MAX_BLOCK_MS }: ReadLogOptions,
): AsyncGenerator<{ entryId: string; message: MessageOf<C> }> {
  const stream = streamName(contract, params);
  // A fixed position: with `$` again after a lost connection, what came meanwhile would be missed.
  let position = from === '$' ? await currentPosition(queue, stream) : from;
  const reader = storeOf(queue).openReader();
  let leave: () => void = () => undefined;
  // A read that waits for Redis to come back would not end with its connection.
  const left = new Promise<null>((resolve) => {
    leave = () => resolve(null);
    signal.addEventListener('abort', leave, { once: true });
  });
  const how = { count: PAGE, blockMs: Math.min(blockMs, MAX_BLOCK_MS) };
  let failures = 0;
  try {
    while (!signal.aborted) {
      const read = await Promise.race([reader.readAfter(stream, position, how).catch(() => undefined), left]);
      if (!read) {
        await pause(backoffMs(failures), signal);
        failures += 1;
        continue;
      }
      failures = 0;
      for (const { id, fields } of read) {
        if (signal.aborted) return;
        position = id;
        const decoded = decodeEntry(contract, fields);
        if (decoded.ok) yield { entryId: id, message: decoded.message };
      }
    }
  } finally {
    signal.removeEventListener('abort', leave);
    await reader.close();
  }
}

/** The id of the newest entry that a stream ever had; `0-0` where there is no such stream. */
export async function currentPosition(queue: QueueTarget, stream: string): Promise<string> {
  try {
    return await storeOf(queue).currentPosition(stream);
  } catch (error) {
    throw asUnavailable(error, `reading ${stream}`);
  }
}
