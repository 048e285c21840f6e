import { allowMany } from './abortable.js';

/** The longest that a timer can wait, milliseconds; longer ones would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** A signal that ends with its time or with another one. To be released when the work is over. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  release(): void;
}

/**
 * Aborts with what `expired` makes after so many milliseconds (never, where undefined), or with the outer signal's reason.
 * AbortSignal.any and .timeout keep their sources alive on Node 20: a long-lived signal would gather listeners.
 */
export function timeLimit(ms: number | undefined, outer: AbortSignal | undefined, expired: () => Error): TimeLimit {
  const controller = new AbortController();
  const timer = ms === undefined ? undefined : setTimeout(() => controller.abort(expired()), Math.min(ms, LONGEST_MS));
  const forward = () => controller.abort(outer?.reason);
  if (outer) allowMany(outer);
  if (outer?.aborted) forward();
  outer?.addEventListener('abort', forward, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', forward);
    },
  };
}
