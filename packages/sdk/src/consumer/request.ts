import type { QueueContract } from '@codegen/contracts';
import type { CurrentMessage } from '../current-message.js';
import { textOf } from '../text/error-text.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';
import type { ConsumerOptions } from './options.js';

interface Request {
  readonly requestId: string;
  readonly windowMs: number;
}

/** The request that an entry belongs to, where the consumer handles each but once. */
export function requestOf<C extends QueueContract>(
  { idempotency }: ConsumerOptions<C>,
  { request_id: requestId }: CurrentMessage,
): Request | undefined {
  return idempotency && requestId !== undefined ? { requestId, windowMs: idempotency.windowMs } : undefined;
}

/** Begins the request of an entry; `unknown` where the store cannot say, as when Redis is away. */
export async function beginRequest(
  core: ConsumerCore,
  entry: HeldEntry,
  request: Request,
): Promise<'begun' | 'done' | 'busy' | 'unknown'> {
  const { store, stream: target } = core;
  try {
    return await store.beginRequest(readerOf(core, entry.stream), { ...request, id: entry.id, target });
  } catch (error) {
    core.logger.warn({ entry_id: entry.id, error: textOf(error) }, 'cannot tell whether a request was completed');
    return 'unknown';
  }
}
