import { createHash } from 'node:crypto';
import { OrchestratorError } from '../errors.js';
import { onRedis } from '../queue/redis-errors.js';
import type { QueueStore } from '../queue/store.js';

/** The request id that an idempotency key stands for, in what it is used for: the same each time, as a UUID. */
export function requestIdFor(purpose: string, key: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([purpose, key]))
    .digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, variant + hex.slice(17, 20)];
  return [...parts, hex.slice(20, 32)].join('-');
}

/** A digest of what a key was used with, whatever the order of its fields. */
function digestOf(input: unknown): string {
  return createHash('sha256').update(JSON.stringify(input, sorted)).digest('hex');
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Milliseconds for which a call is known by its key. */
export const KEY_WINDOW_MS = 86_400_000;

/**
 * Makes sure that a request id was not used with other input within the last day.
 * @throws {OrchestratorError} IDEMPOTENCY_MISMATCH
 */
export async function checkSameCall(store: QueueStore, requestId: string, input: unknown): Promise<void> {
  const digest = digestOf(input);
  const key = `idempotency:${requestId}`;
  const first = await onRedis(`writing ${key}`, () => store.setIfAbsent(key, digest, KEY_WINDOW_MS));
  if (first === digest) return;
  throw new OrchestratorError('IDEMPOTENCY_MISMATCH', 'this idempotency key was used with other input', {
    requestId,
  });
}
