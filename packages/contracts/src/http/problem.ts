import { z } from 'zod';

/** An error over HTTP: RFC 9457, with our stable `code`. */
export const problem = z
  .object({
    type: z.string().default('about:blank').describe('URI of the kind of problem; about:blank: the code tells'),
    title: z.string().describe('What went wrong, in one sentence for a person'),
    status: z.int().describe('The HTTP status'),
    detail: z.string().optional().describe('What is wrong with this request, and what to do next'),
    code: z.string().describe('Stable and machine-readable; see @codegen/contracts/error-codes'),
    retryable: z.boolean().default(false).describe('Whether the same request may succeed later'),
    request_id: z.string().optional().describe('Of the HTTP request, as in the logs of the API'),
    errors: z
      .array(
        z.object({
          path: z.string().describe('The field, with dots between levels'),
          message: z.string().describe('What is wrong with it'),
        }),
      )
      .optional()
      .describe('Every field that does not fit'),
    choices: z.array(z.string()).optional().describe('What would have been accepted'),
  })
  .describe('An error over HTTP: RFC 9457, with a stable code.');
export type Problem = z.infer<typeof problem>;

/** A page of a list; `next_cursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).describe('The rows of this page'),
    next_cursor: z.string().nullable().describe('What to pass as cursor for the next page; null on the last one'),
  });
}

/** What every list takes. */
export const pageQuery = z
  .object({
    limit: z.coerce.number().int().min(1).max(500).default(50).describe('Rows of a page'),
    cursor: z
      .string()
      .max(200)
      .regex(/^[a-z]+_[0-9a-z]+$/, 'must be the next_cursor of the page before')
      .optional()
      .describe('The next_cursor of the page before; the first page without it'),
  })
  .describe('What every list takes.');
export type PageQuery = z.input<typeof pageQuery>;
