import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds before the next try of something that failed `failures` times before: 50 ms doubling up to 2 s. */
export function backoffMs(failures: number): number {
  return Math.min(2000, 50 * 2 ** Math.min(failures, 6)) * (0.75 + Math.random() / 2);
}

/** Sleeps; returns early when the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
