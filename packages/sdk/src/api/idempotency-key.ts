import { OrchestratorError } from '../errors.js';

/** As the API takes them. An HTTP client fails on some of the others as if the network had. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** A caller's own idempotency key. @throws OrchestratorError VALIDATION_FAILED where the API takes no such key */
export function checkIdempotencyKey(key: string): void {
  if (KEY.test(key)) return;
  const message = 'an idempotency key has 1 to 200 printable ASCII characters, and no spaces';
  throw new OrchestratorError('VALIDATION_FAILED', message);
}
