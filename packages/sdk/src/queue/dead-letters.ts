import { deadLetterStream, type QueueContract, streamName } from '@codegen/contracts';
import { textOf } from '../text/error-text.js';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { type DeadLetterEntry, toDeadLetterEntry } from './dead-letter.js';
import { compareEntryIds, idAfter } from './entry-id.js';
import { asUnavailable } from './redis-errors.js';
import { withoutCounters } from './retry-counters.js';
import type { QueueStore, Retention } from './store.js';

/** Dead letters that one page holds unless told otherwise, and that are put back side by side. */
const PAGE = 100;

export interface ReadDeadLettersOptions {
  /** For the `{…}` in the stream's name. */
  params?: Record<string, string>;
  /** The id of the last letter that was read; from the oldest on by default. */
  from?: string | undefined;
  /** Most letters to return; 100 by default. */
  limit?: number;
}

export interface DeadLetterPage {
  /** Oldest first. */
  readonly letters: DeadLetterEntry[];
  /** `from` for the next page; undefined where this was the last. */
  readonly next: string | undefined;
}

/**
 * Reads the dead letters of a work queue, page by page. Letters of other writers and malformed ones are shown too, with
 * what can be read of them; secrets are redacted.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE
 */
export async function readDeadLetters(
  queue: QueueTarget,
  contract: QueueContract,
  { params, from = '0-0', limit = PAGE }: ReadDeadLettersOptions = {},
): Promise<DeadLetterPage> {
  const letters = deadLetterStream(streamName(contract, params));
  try {
    const found = await storeOf(queue).range(letters, idAfter(from), limit);
    const next = found.length === limit ? found.at(-1)?.id : undefined;
    return { letters: found.map((entry) => toDeadLetterEntry(contract, entry)), next };
  } catch (error) {
    throw asUnavailable(error, `reading ${letters}`);
  }
}

/** Which letters go back: some, or all that are there now, of one code or any. */
export type ReplayOptions = {
  params?: Record<string, string>;
  /** Only tells what would go back. */
  dryRun?: boolean | undefined;
  /** Aborted, nothing further goes back; rejects with its reason. */
  signal?: AbortSignal | undefined;
} & ({ ids: readonly string[] } | { all: true; code?: string | undefined });

export interface ReplayReport {
  /** What went back, and the ids of the new entries; of a dry run, what would go, without ids. */
  readonly replayed: { letterId: string; entryId: string | null }[];
  /** What stays, and why. */
  readonly refused: { letterId: string; reason: string }[];
}

/**
 * Puts dead letters back into their stream, where they begin anew: the entry as it was, with the same `request_id`, but
 * without its counters. A letter goes back once, however many replay it at a time; on a Redis Cluster it may go back
 * twice when a replay dies halfway or two run at once, but is never lost. What fails again is a new dead letter. One that
 * cannot be put back keeps no other from it.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE: what has gone back by then stays so; call again for the rest
 */
export async function replayDeadLetters(
  queue: QueueTarget,
  contract: QueueContract,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const stream = streamName(contract, options.params);
  const store = storeOf(queue);
  const report: ReplayReport = { replayed: [], refused: [] };
  try {
    const pages = 'all' in options ? allLetters(store, contract, options) : namedLetters(store, contract, options);
    for await (const letters of pages) {
      options.signal?.throwIfAborted();
      await Promise.all(letters.map((letter) => replayOne(store, stream, letter, report, options.dryRun ?? false)));
    }
    return report;
  } catch (error) {
    throw asUnavailable(error, `replaying dead letters of ${stream}`);
  }
}

/** Why a letter that is not there does not go back. */
export const GONE = 'there is no such dead letter: it was replayed, deleted or never there';

type Letter = Pick<DeadLetterEntry, 'letterId' | 'original' | 'refusal'>;

async function replayOne(
  store: QueueStore,
  stream: string,
  letter: Letter,
  report: ReplayReport,
  dryRun: boolean,
): Promise<void> {
  const { letterId, original, refusal } = letter;
  if (!original || refusal !== undefined) {
    report.refused.push({ letterId, reason: refusal ?? GONE });
    return;
  }
  if (dryRun) {
    report.replayed.push({ letterId, entryId: null });
    return;
  }
  try {
    const entryId = await store.replay(stream, { letterId, fields: withoutCounters(original) });
    if (entryId === undefined) report.refused.push({ letterId, reason: GONE });
    else report.replayed.push({ letterId, entryId });
  } catch (error) {
    // With Redis away, no other letter would fare better; anything else is about this one.
    if (asUnavailable(error, '') !== error) throw error;
    report.refused.push({ letterId, reason: `it cannot be put back: ${textOf(error)}` });
  }
}

/** Those that are there at the beginning: what fails again meanwhile is not replayed for ever. */
async function* allLetters(
  store: QueueStore,
  contract: QueueContract,
  { params, code }: { params?: Record<string, string>; code?: string | undefined },
): AsyncGenerator<Letter[]> {
  const last = await store.currentPosition(deadLetterStream(streamName(contract, params)));
  for (let from: string | undefined = '0-0'; from !== undefined; ) {
    const page = await readDeadLetters(store, contract, { ...(params && { params }), from, limit: PAGE });
    const letters = page.letters.filter(({ letterId }) => compareEntryIds(letterId, last) <= 0);
    yield letters.filter(({ context }) => code === undefined || context.code === code);
    from = letters.length === page.letters.length ? page.next : undefined;
  }
}

async function* namedLetters(
  store: QueueStore,
  contract: QueueContract,
  { params, ids }: { params?: Record<string, string>; ids: readonly string[] },
): AsyncGenerator<Letter[]> {
  const stream = deadLetterStream(streamName(contract, params));
  const wanted = [...new Set(ids)];
  for (let i = 0; i < wanted.length; i += PAGE) {
    yield Promise.all(wanted.slice(i, i + PAGE).map((id) => namedLetter(store, contract, stream, id)));
  }
}

async function namedLetter(store: QueueStore, contract: QueueContract, stream: string, id: string): Promise<Letter> {
  const [entry] = /^\d{1,20}-\d{1,20}$/.test(id) ? await store.range(stream, id, 1) : [];
  if (entry?.id === id) return toDeadLetterEntry(contract, entry);
  return { letterId: id, original: undefined, refusal: undefined };
}

/** How long dead letters are kept, and how many of one queue: 30 days, 10,000. */
export const defaultRetention: Retention = { maxAgeMs: 30 * 86_400_000, maxCount: 10_000 };

/**
 * Removes the dead letters of a work queue that are too old or too many, oldest first; by the server's clock. Consumers
 * of `runConsumer` do it by themselves. Returns how many went.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE
 */
export async function trimDeadLetters(
  queue: QueueTarget,
  contract: QueueContract,
  { params, ...limits }: { params?: Record<string, string> } & Partial<Retention> = {},
): Promise<number> {
  const stream = streamName(contract, params);
  try {
    return await storeOf(queue).trimDeadLetters(stream, { ...defaultRetention, ...limits });
  } catch (error) {
    throw asUnavailable(error, `trimming the dead letters of ${stream}`);
  }
}
