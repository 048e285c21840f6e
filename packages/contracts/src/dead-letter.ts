import { z } from 'zod';
import { wireDatetime } from './datetime.js';

/** Why an entry is in the dead-letter stream. */
export const errorContext = z
  .object({
    error: z.string().describe('Human-readable error without secrets'),
    error_type: z.string().describe('Class of the error'),
    code: z.string().describe('Stable machine-readable code, such as invalid_message or unsupported_version'),
    timestamp: wireDatetime.describe('When the entry was dead-lettered. ISO 8601, UTC'),
    service: z.string().describe('The service that dead-lettered it'),
    consumer: z.string().describe('The consumer that dead-lettered it'),
    attempts: z.int().describe('Number of attempts to handle the message'),
    entry_id: z.string().describe('Id of the entry in its queue'),
    correlation_id: z.string().nullable().describe("The message's correlation_id, if it could be read"),
  })
  .describe('Why an entry is in the dead-letter stream.');
export type ErrorContext = z.infer<typeof errorContext>;

/** A message that could not be handled, with the reason. Each part is a stream field that holds JSON. */
export const deadLetter = z
  .object({
    original_message: z
      .record(z.string(), z.string())
      .describe('The original fields of the entry; plain-text secrets are redacted'),
    error_context: errorContext,
  })
  .describe('A message that could not be handled, with the reason. Each part is a stream field that holds JSON.');
export type DeadLetter = z.infer<typeof deadLetter>;
