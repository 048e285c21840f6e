import { decodeEntry, type MessageOf, type QueueContract, streamName } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';
import { messageOf } from '../text/error-text.js';
import { backoffMs, pause } from './backoff.js';
import { type QueueTarget, storeOf } from './connect-queue.js';
import type { StreamEntry } from './entry.js';
import { asUnavailable, isReadRefused, unlessWrongType } from './redis-errors.js';
import type { WaitingReader } from './store.js';

/** Well below the silence limit of the connection. */
const MAX_BLOCK_MS = 5000;
/** Entries that one read brings. */
const PAGE = 100;

export interface ReadLogOptions {
  params?: Record<string, string>;
  /** `$`: what comes from now on; `0`: all there is; or the id of the last entry that was read. */
  from: string;
  /** Whether the contract's legacy streams are read too; true by default. */
  readLegacy?: boolean;
  /** The same for each legacy stream, whose ids are its own; by default `0` where `from` is `0`, otherwise `$`. */
  legacyFrom?: Record<string, string>;
  signal: AbortSignal;
  /** Milliseconds that one read waits for entries; 5,000 at most. */
  blockMs?: number;
}

/** A message of a log; its stream may be a legacy one. */
export interface LogEntry<C extends QueueContract> {
  stream: string;
  entryId: string;
  message: MessageOf<C>;
}

/**
 * Reads a log from a position until the signal is aborted, and its legacy streams beside it, each in its order.
 * Survives lost connections, going on where it was. Entries that do not fit the contract are passed over: a log has no
 * dead letters.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE when a position is `$` and cannot be found out; VALIDATION_FAILED where a
 *   position is none, or what is there is no stream
 */
export async function* readLog<C extends QueueContract>(
  queue: QueueTarget,
  contract: C,
  options: ReadLogOptions,
): AsyncGenerator<LogEntry<C>> {
  const { signal, blockMs = MAX_BLOCK_MS } = options;
  const positions = await startingPositions(queue, contract, options);
  const store = storeOf(queue);
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  const followed = store.readTogether([...positions.keys()]).map((streams) => {
    const own = new Map(streams.map((stream) => [stream, positions.get(stream) as string]));
    return follow(store.openReader(), own, Math.min(blockMs, MAX_BLOCK_MS), ended);
  });
  for await (const { stream, id, fields } of merged(followed, ending)) {
    if (signal.aborted) return;
    const decoded = decodeEntry(contract, fields);
    if (decoded.ok) yield { stream, entryId: id, message: decoded.message };
  }
}

// Fixed positions: with `$` again after a lost connection, what came meanwhile would be missed.
async function startingPositions(
  queue: QueueTarget,
  contract: QueueContract,
  { params, from, readLegacy = true, legacyFrom = {} }: ReadLogOptions,
): Promise<Map<string, string>> {
  const stream = streamName(contract, params);
  const positions = new Map([[stream, from === '$' ? await currentPosition(queue, stream) : from]]);
  for (const legacy of readLegacy ? (contract.legacyStreams ?? []) : []) {
    const end = await currentPosition(queue, legacy).catch(unlessWrongType(undefined));
    // A key of another type in its place must not keep anybody from reading the log itself.
    if (end === undefined) continue;
    const position = legacyFrom[legacy] ?? (from === '0' ? '0' : '$');
    positions.set(legacy, position === '$' ? end : position);
  }
  return positions;
}

/** Follows streams that one read can wait for together; closes the reader at the end. */
async function* follow(
  reader: WaitingReader,
  positions: Map<string, string>,
  blockMs: number,
  ended: AbortSignal,
): AsyncGenerator<StreamEntry> {
  // A read that waits for Redis to come back would not end with its connection.
  const left = new Promise<undefined>((resolve) => {
    ended.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  let failures = 0;
  try {
    while (!ended.aborted) {
      const reading = reader.readAfter(positions, { count: PAGE, blockMs }).catch((error: unknown) => {
        if (isReadRefused(error)) throw refusal(error, positions);
      });
      const read = await Promise.race([reading, left]);
      if (!read) {
        await pause(backoffMs(failures), ended);
        failures += 1;
        continue;
      }
      failures = 0;
      for (const entry of read) {
        positions.set(entry.stream, entry.id);
        yield entry;
      }
    }
  } finally {
    await reader.close();
  }
}

function refusal(error: unknown, positions: ReadonlyMap<string, string>): OrchestratorError {
  const where = [...positions].map(([stream, position]) => `${stream} after ${position}`).join(', ');
  const text = `Redis cannot read ${where}: ${messageOf(error)}`;
  return new OrchestratorError('VALIDATION_FAILED', text, { cause: error });
}

/** What several sources yield, as it comes, in turns; ends all of them with itself. */
async function* merged<T>(sources: readonly AsyncGenerator<T>[], ending: AbortController): AsyncGenerator<T> {
  const nextOf = async (source: AsyncGenerator<T>) => ({ source, result: await source.next() });
  const awaited = new Map(sources.map((source) => [source, nextOf(source)]));
  try {
    while (awaited.size > 0) {
      const { source, result } = await Promise.race(awaited.values());
      awaited.delete(source);
      if (result.done) continue;
      yield result.value;
      awaited.set(source, nextOf(source));
    }
  } finally {
    ending.abort();
    await Promise.all(sources.map((source) => source.return(undefined)));
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
