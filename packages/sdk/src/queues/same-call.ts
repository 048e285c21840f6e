import { OrchestratorError } from '../errors.js';
import type { QueueStore } from '../queue/store.js';
import { onRedis } from './on-redis.js';
import { digestOf } from './request-id-for.js';

/** Milliseconds for which a call is known by its key. */
export const KEY_WINDOW_MS = 86_400_000;

/**
 * Makes sure that a request id was not used with other input within the last day.
 * @throws {OrchestratorError} IDEMPOTENCY_MISMATCH
 */
export async function checkSameCall(store: QueueStore, requestId: string, input: unknown): Promise<void> {
  const digest = digestOf(input);
  const key = `idempotency:${requestId}`;
  const first = await onRedis(`writing ${key}`, () => store.noteOnce(key, digest, KEY_WINDOW_MS));
  if (first === digest) return;
  throw new OrchestratorError('IDEMPOTENCY_MISMATCH', 'this idempotency key was used with other input', {
    requestId,
  });
}
