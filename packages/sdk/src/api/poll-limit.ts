import type { OrchestratorError } from '../errors.js';
import { mayRetry } from './retry.js';

/** A poll that fails sooner than this was not cut: nothing answers, however short it is. Milliseconds. */
const SHORTEST_MS = 500;
/** Milliseconds after which a cut is forgotten: it may have come from a restart, not from a limit. */
const FORGET_MS = 300_000;

/**
 * How long a long poll may wait on the way to this API. Proxies between cut requests that take long, by 504, 408 or the
 * end of the connection, and a cut poll says nothing about the API: the next one waits half as long as that one lasted.
 */
export class PollLimit {
  #mostMs = Number.POSITIVE_INFINITY;
  #cutAtMs = 0;

  /** What a poll waits that would like to wait so long. */
  of(waitMs: number): number {
    if (performance.now() - this.#cutAtMs > FORGET_MS) this.#mostMs = Number.POSITIVE_INFINITY;
    return Math.min(waitMs, this.#mostMs);
  }

  /** Whether a poll of so much waiting was cut after so long; a shorter one is to be asked for then, and at once. */
  wasCut(error: OrchestratorError, waitMs: number, tookMs: number): boolean {
    // With a second for the way. What takes longer fails whatever it waits.
    const isCut = waitMs > 0 && tookMs >= SHORTEST_MS && tookMs < waitMs + 1000;
    if (!isCut || !mayRetry(error) || error.retryAfterMs !== undefined) return false;
    const half = Math.min(waitMs, tookMs) / 2;
    this.#mostMs = Math.min(this.#mostMs, half < SHORTEST_MS ? 0 : Math.floor(half));
    this.#cutAtMs = performance.now();
    return true;
  }
}
