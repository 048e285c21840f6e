import { setTimeout as sleep } from 'node:timers/promises';
import { handlingKind, isOrchestratorError } from '@codegen/sdk/errors';
import { backoffMs, type Logger, sayFailed, whatIsAway } from '@codegen/sdk/queue';
import { sayAway } from '@codegen/sdk/service';

const AWAY_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const AWAY_SQL_STATES = /^(08|53|57P|40|55P03)/;
const AWAY_MESSAGES =
  /Connection terminated|Connection is closed|Command timed out|timeout exceeded when trying to connect|Query read timeout|max retries per request|calling end on the pool|encountered a connection error/i;

/**
 * Whether an error says that something we need is away, rather than that we are wrong or not let in. Such an error costs a
 * flow nothing: it goes on when the thing is back.
 */
export function isAway(error: unknown): boolean {
  if (isOrchestratorError(error)) {
    // The API is there and fails at what it was sent: waiting alone mends nothing.
    if (error.code === 'INTERNAL') return false;
    return error.retryable;
  }
  const kind = handlingKind(error);
  if (kind === 'transient' || kind === 'upstream') return true;
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isAway);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && (AWAY_CODES.has(code) || code === 'ETIMEDOUT' || AWAY_SQL_STATES.test(code)))
    return true;
  return AWAY_MESSAGES.test(error.message);
}

/** Tells of an error that `isAway` is true of: an outage once for all, anything else as a warning of its own. */
export function sayWhatIsAway(logger: Logger, error: unknown, doing: string, about: object = {}): void {
  // What is neither of the SDK nor of a connection of its own comes from the database.
  const ofDatabase = !isOrchestratorError(error) && handlingKind(error) === undefined && !whatIsAway(error);
  if (ofDatabase) sayAway(logger, 'the database', error, doing);
  else sayFailed(logger, error, doing, about);
}

/** Milliseconds before the next try: half a second, doubling up to 30 s. */
export function nextTryMs(failures: number): number {
  return backoffMs(failures, { firstMs: 500, longestMs: 30_000 });
}

/** Sleeps; ends early, without an error, when the signal is aborted. */
export async function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Repeats the work for as long as what it needs is away. @throws what the work throws otherwise, or the abort's reason */
export async function untilBack<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isAway(error)) throw error;
      await pauseFor(Math.min(nextTryMs(failures), 5000), signal);
    }
  }
}
