import { handlingKind, isOrchestratorError, isRefusal } from '../errors.js';
import { faultCode } from '../files/system-fault.js';
import { isRedisAway } from '../queue/redis-errors.js';
import { kindOfForeign, retryAfterOf } from './foreign-error.js';

/**
 * Milliseconds before each retry, so that `[1000, 2000, 4000]` means three tries after the first; when they are used up,
 * the message is dead-lettered. Each is met within 100 ms either way.
 */
export interface RetryPolicies {
  /** Timeouts, 503, network, and errors of no known kind. */
  transient?: readonly number[];
  /** Rate limits and the like; a provider's own Retry-After wins. */
  upstream?: readonly number[];
}

export const defaultRetry: Required<RetryPolicies> = {
  transient: [1000, 2000, 4000],
  upstream: [5000, 10_000, 20_000, 60_000, 60_000],
};

/** What becomes of a message whose handler threw. */
export type Verdict =
  | { kind: 'retry'; delayMs: number; burnsAttempt: boolean }
  | { kind: 'dead'; code: string }
  | { kind: 'fatal' };

const JITTER_MS = 100;
// Our own API or Redis being away, or a machine at fault, says nothing about the message: such failures wait, but use up no
// attempt.
const PARTITION = new Set<string>(['NETWORK', 'API_UNAVAILABLE', 'DISK_FULL', 'REDIS_UNAVAILABLE']);
const PARTITION_MAX_MS = 30_000;
/** A day: who asks for more is not taken at their word. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/**
 * Decides by the error's kind. There is one counter of attempts, whatever the kinds were; `deferrals` counts the tries
 * that burnt none.
 */
export function classify(
  error: unknown,
  { attempt, deferrals }: { attempt: number; deferrals: number },
  policies: RetryPolicies = {},
): Verdict {
  const { transient = defaultRetry.transient, upstream = defaultRetry.upstream } = policies;
  const retryAfterMs = retryAfterOf(error);
  const atLeastMs = retryAfterMs && Math.min(RETRY_AFTER_MAX_MS, retryAfterMs);
  const kind = handlingKind(error) ?? kindOfOther(error);
  if (kind === 'fatal') return { kind: 'fatal' };
  if (kind === 'permanent') return { kind: 'dead', code: codeOf(error) ?? 'permanent' };
  if (kind === 'partition') {
    return { kind: 'retry', delayMs: atLeastMs ?? deferralMs(deferrals), burnsAttempt: false };
  }
  const delayMs = (kind === 'upstream' ? upstream : transient)[attempt - 1];
  if (delayMs === undefined) return { kind: 'dead', code: codeOf(error) ?? 'retries_exhausted' };
  // Never earlier than a provider asked for.
  return {
    kind: 'retry',
    delayMs: atLeastMs ? atLeastMs + Math.random() * JITTER_MS : jittered(delayMs),
    burnsAttempt: true,
  };
}

/** Milliseconds before the next try of what used up no attempt so many times: 1 s doubling up to 30 s. */
export function deferralMs(deferrals: number): number {
  return jittered(Math.min(PARTITION_MAX_MS, 1000 * 2 ** Math.min(deferrals, 5)));
}

/** The stable code an error carries, if any. */
function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function kindOfOther(error: unknown): 'permanent' | 'transient' | 'upstream' | 'fatal' | 'partition' {
  if (isRedisAway(error)) return 'partition';
  if (!isOrchestratorError(error)) return faultCode(error) === undefined ? kindOfForeign(error) : 'partition';
  if (isRefusal(error)) return 'fatal';
  if (PARTITION.has(error.code)) return 'partition';
  if (error.code === 'RATE_LIMITED') return 'upstream';
  return error.retryable ? 'transient' : 'permanent';
}

function jittered(delayMs: number): number {
  return Math.max(0, delayMs + (Math.random() * 2 - 1) * Math.min(JITTER_MS, delayMs / 2));
}
