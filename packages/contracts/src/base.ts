import { z } from 'zod';
import { wireDatetime, wireNow } from './datetime.js';

/** The only wire version there is; any other goes to the dead-letter stream as `unsupported_version`. */
export const WIRE_VERSION = '1';

/** A field of the original contracts that may be absent or null; it is written as null, as the Python peers do. */
export function nullable<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null as z.output<T> | null as never);
}

/** What every queue message carries. */
export const queueMeta = z.object({
  version: z.literal(WIRE_VERSION).default(WIRE_VERSION).describe('Version of the wire format'),
  correlation_id: z
    .string()
    .default(() => crypto.randomUUID())
    .describe('One id from the first call to the last container'),
  timestamp: wireDatetime.default(wireNow).describe('When the message was made'),
});

/** What every message of a work queue carries. */
export const baseMessage = queueMeta.extend({
  request_id: z
    .string()
    .default(() => crypto.randomUUID())
    .describe('Stable over every redelivery and resend; the key of idempotency'),
  callback_stream: nullable(z.string()).describe('Stream for progress events, if anyone listens'),
});

/** How a piece of work ended. `timeout` is read from peers; we write success, failed or error. */
export const resultStatus = z.enum(['success', 'failed', 'error', 'timeout']);
export type ResultStatus = z.infer<typeof resultStatus>;

/** What every result carries. */
export const baseResult = z.object({
  request_id: z.string().describe('The request that this answers'),
  status: resultStatus,
  error: nullable(z.string()).describe('What went wrong, for a person'),
  duration_ms: nullable(z.int()).describe('How long the work took, in milliseconds'),
});

export type QueueMeta = z.infer<typeof queueMeta>;
export type BaseMessage = z.infer<typeof baseMessage>;
export type BaseResult = z.infer<typeof baseResult>;
