import { setTimeout as sleep } from 'node:timers/promises';
import type { OrchestratorError } from '../errors.js';

/** How often and how patiently a call is tried again. Times in milliseconds. */
export interface RetryOptions {
  /** Tries in all; 1 means none again. */
  attempts: number;
  /** Before the second try; doubles from there. */
  baseMs: number;
  maxMs: number;
  /** A server may ask for at most this long. */
  retryAfterCapMs: number;
}

export const defaultRetry: RetryOptions = { attempts: 6, baseMs: 500, maxMs: 8000, retryAfterCapMs: 30_000 };

/** Milliseconds before try number `attempt` + 1: doubling with jitter, or what the server asked for, capped. */
export function retryDelayMs(
  attempt: number,
  options: RetryOptions,
  retryAfterMs: number | undefined,
  random = Math.random,
): number {
  const full = Math.min(options.baseMs * 2 ** (attempt - 1), options.maxMs);
  const jittered = full * (0.5 + random() / 2);
  // Retry-After is a lower bound: the jitter on top of it keeps clients apart.
  return retryAfterMs === undefined ? jittered : Math.min(retryAfterMs, options.retryAfterCapMs) + jittered / 4;
}

/** Whether the same call may succeed later: 408, 429, 5xx, the network, and a 409 that says so. */
export function mayRetry(error: OrchestratorError): boolean {
  const status = error.status ?? 0;
  if (status === 408 || status === 429 || status >= 500) return true;
  return error.retryable && (status === 0 || status === 409);
}

/** Reads Retry-After: seconds or an HTTP date. */
export function parseRetryAfter(header: string | null, nowMs = Date.now()): number | undefined {
  if (header === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** Sleeps; an abort rejects at once with the signal's reason. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
