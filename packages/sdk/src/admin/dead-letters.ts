import { decodeEntry } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';
import type { DeadLetterEntry } from '../queue/dead-letter.js';
import { GONE, type ReplayOptions, readDeadLetters, replayDeadLetters } from '../queue/dead-letters.js';
import { compareEntryIds } from '../queue/entry-id.js';
import { onRedis } from '../queue/redis-errors.js';
import type { QueueStore } from '../queue/store.js';
import { type FoundQueue, findWorkQueue } from './find-queue.js';
import { redactFields, redactMessage, timeOf } from './queue-entry.js';

/** A message that could not be handled, with why. Secrets are redacted. */
export interface DeadLetterItem {
  id: string;
  /** When it was given up. ISO 8601, UTC. */
  added_at: string;
  code: string | null;
  error: string | null;
  error_type: string | null;
  attempts: number | null;
  service: string | null;
  correlation_id: string | null;
  /** Why it cannot be replayed; null where it can. */
  refusal: string | null;
  /** The message, where its entry can be decoded. */
  message?: Record<string, unknown>;
  /** The entry's fields, where it is no message. */
  fields?: Record<string, string>;
}

/** Which letters: some of them, or all that are there. */
export type LetterChoice = { ids: readonly string[] } | { all: true; code?: string | undefined };

/** What a replay did, or would do. */
export interface LetterReplay {
  stream: string;
  dry_run: boolean;
  /** What went back; `entry_id` is null in a dry run. */
  replayed: { id: string; entry_id: string | null }[];
  refused: { id: string; reason: string }[];
}

/** Which letters to remove: some, all that are there, or those older than so many milliseconds. */
export type PurgeChoice = { ids: readonly string[] } | { all: true } | { olderThanMs: number };

/** What a purge removed, or would remove. */
export interface LetterPurge {
  stream: string;
  dry_run: boolean;
  purged: number;
  /** Ids that were asked for and not there. */
  missing: string[];
}

const PAGE = 500;
const ID = /^\d{1,16}-\d{1,16}$/;

/** A page of a queue's dead letters, oldest first. */
export async function listDeadLetters(
  store: QueueStore,
  name: string,
  { limit = 50, cursor }: { limit?: number | undefined; cursor?: string | undefined } = {},
): Promise<{ items: DeadLetterItem[]; next_cursor: string | null }> {
  const queue = findWorkQueue(name);
  if (cursor !== undefined) checkIds([cursor]);
  const { params } = queue;
  const { letters, next } = await readDeadLetters(store, queue.contract, { params, from: cursor, limit });
  return { items: letters.map((letter) => toItem(queue, letter)), next_cursor: next ?? null };
}

/** Puts dead letters back into their queue, where they begin anew. */
export async function replayLetters(
  store: QueueStore,
  name: string,
  choice: LetterChoice,
  { dryRun = false, signal }: { dryRun?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<LetterReplay> {
  const { contract, stream, params } = findWorkQueue(name);
  if ('ids' in choice) checkIds(choice.ids);
  const options: ReplayOptions = { ...choice, params, dryRun, signal };
  const { replayed, refused } = await replayDeadLetters(store, contract, options);
  if ('ids' in choice && replayed.length === 0 && refused.every(({ reason }) => reason === GONE)) {
    throw noSuchLetters(stream, choice.ids);
  }
  return {
    stream,
    dry_run: dryRun,
    replayed: replayed.map(({ letterId, entryId }) => ({ id: letterId, entry_id: entryId })),
    refused: refused.map(({ letterId, reason }) => ({ id: letterId, reason })),
  };
}

/** Removes dead letters for good; what comes meanwhile stays. */
export async function purgeLetters(
  store: QueueStore,
  name: string,
  choice: PurgeChoice,
  { dryRun = false, signal }: { dryRun?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<LetterPurge> {
  const { stream } = findWorkQueue(name);
  return await onRedis(`removing dead letters of ${stream}`, async () => {
    let purged = 0;
    const missing: string[] = [];
    for await (const ids of chosen(store, stream, choice, missing)) {
      signal?.throwIfAborted();
      purged += dryRun ? ids.length : await store.deleteLetters(stream, ids);
    }
    if ('ids' in choice && purged === 0) throw noSuchLetters(stream, choice.ids);
    return { stream, dry_run: dryRun, purged, missing };
  });
}

/** Ids of the chosen letters that are there at the beginning, page by page. */
async function* chosen(
  store: QueueStore,
  stream: string,
  choice: PurgeChoice,
  missing: string[],
): AsyncGenerator<string[]> {
  const letters = `${stream}:dlq`;
  if ('ids' in choice) {
    checkIds(choice.ids);
    const found: string[] = [];
    for (const id of new Set(choice.ids)) {
      const [entry] = await store.range(letters, id, 1);
      (entry?.id === id ? found : missing).push(id);
    }
    yield found;
    return;
  }
  const newest = await store.currentPosition(letters);
  const nowMs = 'olderThanMs' in choice ? await store.nowMs() : 0;
  const last = 'olderThanMs' in choice ? `${Math.max(0, nowMs - choice.olderThanMs - 1)}-9007199254740991` : newest;
  for (let from = '0-0'; ; ) {
    const page = await store.range(letters, from, PAGE);
    const ids = page
      .map(({ id }) => id)
      .filter((id) => compareEntryIds(id, last) <= 0 && compareEntryIds(id, newest) <= 0);
    yield ids;
    const end = ids.at(-1);
    if (ids.length < PAGE || end === undefined) return;
    const [ms, sequence] = end.split('-');
    from = `${ms}-${Number(sequence) + 1}`;
  }
}

function toItem({ contract }: FoundQueue, { letterId, original, context, refusal, fields }: DeadLetterEntry) {
  const decoded = original && decodeEntry(contract, original);
  const item: DeadLetterItem = {
    id: letterId,
    added_at: timeOf(letterId),
    code: context.code ?? null,
    error: context.error === undefined ? null : (redactMessage(context.error) as string),
    error_type: context.error_type ?? null,
    attempts: context.attempts ?? null,
    service: context.service ?? null,
    correlation_id: context.correlation_id ?? null,
    refusal: refusal ?? null,
  };
  if (decoded?.ok) item.message = redactMessage(decoded.message) as Record<string, unknown>;
  else item.fields = redactFields(original ?? fields ?? {});
  return item;
}

function checkIds(ids: readonly string[]): void {
  const wrong = ids.find((id) => !ID.test(id));
  if (wrong === undefined && ids.length > 0) return;
  const what = wrong === undefined ? 'none was given' : `${JSON.stringify(wrong.slice(0, 40))} is none`;
  throw new OrchestratorError('VALIDATION_FAILED', `ids of dead letters look like 1760000000000-0; ${what}`);
}

function noSuchLetters(stream: string, ids: readonly string[]): OrchestratorError {
  const what = ids.length === 1 ? `no dead letter ${ids[0]}` : `none of these ${ids.length} dead letters`;
  return new OrchestratorError('NOT_FOUND', `${stream} has ${what}: replayed, removed or never there`);
}
