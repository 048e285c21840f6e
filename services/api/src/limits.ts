import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from './api-error.js';

/** What one client may cost. */
export interface Limits {
  /** Milliseconds for a whole request with its body to arrive. */
  readonly requestMs: number;
  /** Milliseconds for the head of a request, from the moment a connection opens. */
  readonly headersMs: number;
  /** Milliseconds without a byte either way, after which a connection is closed; longer than a long poll. */
  readonly idleMs: number;
  /** Connections at a time; for a further one, that is closed which has asked for nothing for longest. */
  readonly connections: number;
}

export const defaultLimits: Limits = { requestMs: 60_000, headersMs: 15_000, idleMs: 120_000, connections: 4096 };

/** Node looks for what is overdue this often at most. */
export const LOOK_MS = 1000;

const FREE_FAILURES = 10;
const FAILURE_EVERY_MS = 500;
const LONGEST_WAIT_MS = 5000;
const ADDRESSES = 10_000;

/**
 * Slows down guessing: after ten wrong keys an address gets two answers a second, and where more are waiting, none but
 * "later". A good key is never slowed down, whatever else comes from its address.
 */
export class FailedLogins {
  /** When the debt of an address is paid, on the monotonic clock; the longest paid first. */
  readonly #paidAt = new Map<string, number>();

  /**
   * Waits as long as a wrong key from this address has to.
   * @throws {ApiError} RATE_LIMITED where that would be too long
   */
  async slowDown(address: string, stopping: AbortSignal): Promise<void> {
    const now = performance.now();
    const paidAt = Math.max(now, this.#paidAt.get(address) ?? 0) + FAILURE_EVERY_MS;
    const waitMs = paidAt - now - FREE_FAILURES * FAILURE_EVERY_MS;
    if (waitMs > LONGEST_WAIT_MS) {
      const detail = 'too many wrong API keys came from this address: check the token, then try again';
      throw new ApiError('RATE_LIMITED', detail, { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    }
    // Set anew, so that the map is in the order of use.
    this.#paidAt.delete(address);
    this.#paidAt.set(address, paidAt);
    for (const [oldest, paid] of this.#paidAt) {
      if (paid > now && this.#paidAt.size <= ADDRESSES) break;
      this.#paidAt.delete(oldest);
    }
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
  }
}
