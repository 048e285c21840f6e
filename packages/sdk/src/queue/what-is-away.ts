import { isOrchestratorError } from '../errors.js';
import { sayAway } from '../service/outage-log.js';
import { textOf } from '../text/error-text.js';
import type { Logger } from './logger.js';
import { isConnectionLost, isSocketError } from './redis-errors.js';

const AWAY_API = new Set(['API_UNAVAILABLE', 'NETWORK', 'TIMEOUT']);

/**
 * What an error of the SDK says is away; undefined where it says something else. A Redis that answers is not away, also
 * where it takes nothing.
 */
export function whatIsAway(error: unknown): 'the API' | 'Redis' | undefined {
  if (!isOrchestratorError(error)) {
    if (isConnectionLost(error)) return 'Redis';
    return error instanceof Error && error.cause ? whatIsAway(error.cause) : undefined;
  }
  if (error.code === 'REDIS_UNAVAILABLE') {
    return isConnectionLost(error.cause) || isSocketError(error.cause) ? 'Redis' : undefined;
  }
  return AWAY_API.has(error.code) ? 'the API' : undefined;
}

/** Tells of a failure: as an outage where something is away, as a warning of its own otherwise. */
export function sayFailed(logger: Logger, error: unknown, doing: string, about: object = {}): void {
  const what = whatIsAway(error);
  if (what) sayAway(logger, what, error, doing);
  else logger.warn({ ...about, error: textOf(error) }, doing);
}
