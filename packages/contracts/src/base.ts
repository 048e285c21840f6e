import { z } from 'zod';
import { wireTimestamp } from './datetime.js';

/** The only wire version; a message of another version is dead-lettered as `unsupported_version`. */
export const WIRE_VERSION = '1';

/** A field of the original contracts that may be absent or null; it is written as null, as the Python peers do. */
export function nullable<T extends z.ZodType>(schema: T) {
  return schema.nullable().default(null as z.output<T> | null as never);
}

/** What every queue message carries. */
export const queueMeta = z
  .object({
    version: z
      .literal(WIRE_VERSION)
      .default(WIRE_VERSION)
      .describe('Version of the wire format; a message of an unknown version is dead-lettered'),
    correlation_id: z
      .string()
      .default(() => crypto.randomUUID())
      .describe('One id from the first call to the last container; default: a new UUID'),
    timestamp: wireTimestamp('When the producer created the message'),
  })
  .describe('What every queue message carries.');

/** What every message of a work queue carries. */
export const baseMessage = queueMeta
  .extend({
    request_id: z
      .string()
      .default(() => crypto.randomUUID())
      .describe('Idempotency key: the same in every redelivery and resend; default: a new UUID'),
    callback_stream: nullable(z.string()).describe('Stream for progress events; null: none'),
  })
  .describe('What every message of a work queue carries.');

/** How a piece of work ended. `timeout` comes from older peers; we write success, failed or error. */
export const resultStatus = z
  .enum(['success', 'failed', 'error', 'timeout'])
  .describe('failed: the work was done and failed; error: the work could not be done; timeout: from older peers');
export type ResultStatus = z.infer<typeof resultStatus>;

/** What every result carries. */
export const baseResult = z
  .object({
    request_id: z.string().describe('request_id of the answered message'),
    status: resultStatus,
    error: nullable(z.string()).describe('Human-readable error; null on success'),
    duration_ms: nullable(z.int()).describe('Duration of the work in milliseconds'),
  })
  .describe('What every result carries.');

/** A field of results: the responder's machine is at fault, not the request. */
export const systemFault = z
  .string()
  .nullish()
  .describe("Set when the responder's machine is at fault, such as a full disk: the fault and its remedy. Retry later");

export type QueueMeta = z.infer<typeof queueMeta>;
export type BaseMessage = z.infer<typeof baseMessage>;
export type BaseResult = z.infer<typeof baseResult>;
