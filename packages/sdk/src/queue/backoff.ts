import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Milliseconds before the next try of something that failed `failures` times before: `firstMs`, doubling up to `longestMs`;
 * up to a quarter less, so that those who wait for the same thing do not come back together.
 */
export function backoffMs(failures: number, { firstMs = 50, longestMs = 2000 } = {}): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30)) * (0.75 + Math.random() / 4);
}

/** Sleeps; returns early when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
