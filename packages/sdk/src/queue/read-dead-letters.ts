import { deadLetterStream, type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { type DeadLetterEntry, toDeadLetterEntry } from './dead-letter-entry.js';
import { idAfter } from './entry-id.js';
import { asUnavailable } from './redis-errors.js';

/** Letters that one page holds unless told otherwise. */
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
