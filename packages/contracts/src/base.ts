import { z } from 'zod';
import { wireTimestamp } from './datetime.js';

/** The only wire version there is; any other goes to the dead-letter stream as `unsupported_version`. */
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
      .describe('Version of the wire format; an unknown one goes to the dead letters'),
    correlation_id: z
      .string()
      .default(() => crypto.randomUUID())
      .describe('One id from the first call to the last container; a new UUID where the producer leaves it out'),
    timestamp: wireTimestamp('When the producer made the message'),
  })
  .describe('What every queue message carries.');

/** What every message of a work queue carries. */
export const baseMessage = queueMeta
  .extend({
    request_id: z
      .string()
      .default(() => crypto.randomUUID())
      .describe('Stable over every redelivery and resend: the key of idempotency; a new UUID where left out'),
    callback_stream: nullable(z.string()).describe('Stream that progress events go to; null where nobody listens'),
  })
  .describe('What every message of a work queue carries.');

/** How a piece of work ended. `timeout` is read from peers; we write success, failed or error. */
export const resultStatus = z
  .enum(['success', 'failed', 'error', 'timeout'])
  .describe('success; failed: the work itself failed; error: it could not be done; timeout: written by older peers');
export type ResultStatus = z.infer<typeof resultStatus>;

/** What every result carries. */
export const baseResult = z
  .object({
    request_id: z.string().describe('The request_id of the message that this answers'),
    status: resultStatus,
    error: nullable(z.string()).describe('What went wrong, for a person; null on success'),
    duration_ms: nullable(z.int()).describe('How long the work took, in milliseconds'),
  })
  .describe('What every result carries.');

/** A field of results: what is wrong is the machine of whoever answers, not what it was asked for. */
export const systemFault = z
  .string()
  .nullish()
  .describe(
    'Where the machine of whoever answers is at fault, such as a full disk: how, and what to do. Ask again later',
  );

export type QueueMeta = z.infer<typeof queueMeta>;
export type BaseMessage = z.infer<typeof baseMessage>;
export type BaseResult = z.infer<typeof baseResult>;
