import { OrchestratorError } from '../errors.js';

// Replies of a Redis that is there but cannot serve now; anything else Redis answers is a fault of the caller.
// Redis 6 puts an error inside a script behind "ERR Error running script … -".
const PASSING_REPLY =
  /^(?:ERR Error running script .*? -)?(LOADING|OOM|MISCONF|READONLY|MASTERDOWN|TRYAGAIN|BUSY|CLUSTERDOWN|NOREPLICAS) /;
// A command that waited when the master became a replica.
const STATE_CHANGED = /^UNBLOCKED .*instance state changed/;
/** Replies that a server gives which is no master (any more). Those of an isolated one (NOREPLICAS) may be. */
const DEMOTED = new Set(['READONLY', 'MASTERDOWN', 'LOADING']);
const AWAY =
  /^(Command timed out|Connection is closed|Reached the max retries|Command aborted|Stream isn't writeable|None of startup nodes is available|Failed to refresh slots cache)/;
const LOGIN = /^(WRONGPASS|NOAUTH) /;
const DATABASE = /DB index is out of range|SELECT is not allowed/;

/** The stream's group or the stream itself is gone, as after FLUSHALL or a restart without persistence. */
export function isGroupGone(error: unknown): boolean {
  if (!(error instanceof Error) || STATE_CHANGED.test(error.message)) return false;
  return /NOGROUP|UNBLOCKED|no such key|requires the key to exist/i.test(error.message);
}

/**
 * Whether a reply says that the server is no master: it became a replica (`yes`; nothing was done), or it may have lost
 * its place to another one, whom it does not see (`perhaps`).
 */
export function isDemoted({ message }: Error): 'yes' | 'perhaps' | 'no' {
  const code = PASSING_REPLY.exec(message)?.[1];
  if (code === 'NOREPLICAS') return 'perhaps';
  return code !== undefined && DEMOTED.has(code) ? 'yes' : 'no';
}

/** Redis did not answer, or answered that it cannot serve now: an error of ioredis itself. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return [AWAY, PASSING_REPLY, STATE_CHANGED].some((pattern) => pattern.test(error.message));
}

/** The connection is gone, or nothing comes through it: an error of ioredis itself, unlike one of a server that cannot serve. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && AWAY.test(error.message);
}

/** The key holds something else than what is asked of it: only whoever put it there can mend that. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && /^(?:ERR Error running script .*? -)?WRONGTYPE /.test(error.message);
}

/** For the catch of a promise: a key of another type counts as one that holds nothing, which is `value`. */
export function unlessWrongType<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isWrongType(error)) return value;
    throw error;
  };
}

/** A read that no time will mend: the position is none, or the key is no stream. */
export function isReadRefused(error: unknown): boolean {
  return error instanceof Error && /^(WRONGTYPE |ERR Invalid stream ID)/.test(error.message);
}

/** Redis does not have the database that the URL names. */
export function isDatabaseRefused(error: Error): boolean {
  return DATABASE.test(error.message);
}

/** Redis does not let us in, or not into the database of the URL: no time will mend it. */
export function isRefused(error: Error): boolean {
  return LOGIN.test(error.message) || isDatabaseRefused(error);
}

/**
 * Turns a lost connection or a Redis that cannot serve into REDIS_UNAVAILABLE, one that does not let us in into
 * UNAUTHENTICATED, one without our database into NOT_CONFIGURED; leaves other errors as they are.
 */
export function asUnavailable(error: unknown, doing: string): unknown {
  if (!(error instanceof Error)) return error;
  if (LOGIN.test(error.message)) {
    const text = `Redis does not let us in (${doing}: ${error.message}). Check the user and the password of its URL.`;
    return new OrchestratorError('UNAUTHENTICATED', text, { cause: error });
  }
  if (isDatabaseRefused(error)) {
    const text = `Redis does not have the database of its URL (${doing}: ${error.message}). Give /0 or another one that it has.`;
    return new OrchestratorError('NOT_CONFIGURED', text, { cause: error });
  }
  if (!isSocketError(error) && !isRedisAway(error)) return error;
  return new OrchestratorError(
    'REDIS_UNAVAILABLE',
    `Redis is not available (${doing}: ${error.message}). Check that it runs, then try again.`,
    { cause: error },
  );
}

/** Of the connection to whatever it was. */
export function isSocketError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** Does something on Redis. @throws {OrchestratorError} REDIS_UNAVAILABLE, UNAUTHENTICATED, NOT_CONFIGURED */
export async function onRedis<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asUnavailable(error, doing);
  }
}
