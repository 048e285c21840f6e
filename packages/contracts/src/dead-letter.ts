import { z } from 'zod';
import { wireDatetime } from './datetime.js';

/** Why an entry is in the dead-letter stream. */
export const errorContext = z
  .object({
    error: z.string().describe('What went wrong, for a person; holds no secret'),
    error_type: z.string().describe('The class of the error'),
    code: z.string().describe('Stable and machine-readable, such as invalid_message or unsupported_version'),
    timestamp: wireDatetime.describe('When the entry was given up. ISO 8601, UTC'),
    service: z.string().describe('The service that gave it up'),
    consumer: z.string().describe('The consumer of the group that gave it up'),
    attempts: z.int().describe('How often the message was tried'),
    entry_id: z.string().describe('The id that the entry had in its queue'),
    correlation_id: z.string().nullable().describe("The message's own, where it could be read"),
  })
  .describe('Why an entry is in the dead-letter stream.');
export type ErrorContext = z.infer<typeof errorContext>;

/** A message that could not be handled, with the reason. Both parts are stream fields of their own, as JSON. */
export const deadLetter = z
  .object({
    original_message: z
      .record(z.string(), z.string())
      .describe('The fields of the entry as they were, but for secrets in plain, which are redacted'),
    error_context: errorContext,
  })
  .describe('A message that could not be handled, with the reason. Each part is a stream field that holds JSON.');
export type DeadLetter = z.infer<typeof deadLetter>;
