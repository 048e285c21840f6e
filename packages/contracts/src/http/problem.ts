import { z } from 'zod';

/** An HTTP error: RFC 9457, with our stable `code`. */
export const problem = z
  .object({
    type: z.string().default('about:blank').describe('URI of the problem type; about:blank: see code'),
    title: z.string().describe('Human-readable error in one sentence'),
    status: z.int().describe('The HTTP status'),
    detail: z.string().optional().describe('What is wrong with this request, and what to do next'),
    code: z.string().describe('Stable machine-readable code; see @codegen/contracts/error-codes'),
    retryable: z.boolean().default(false).describe('Whether the same request may succeed later'),
    request_id: z.string().optional().describe("Id of the HTTP request, as in the API's logs"),
    errors: z
      .array(
        z.object({
          path: z.string().describe('Path of the field, with dots between levels'),
          message: z.string().describe('What is wrong with it'),
        }),
      )
      .optional()
      .describe('All invalid fields'),
    choices: z.array(z.string()).optional().describe('The accepted values'),
  })
  .describe('An HTTP error: RFC 9457, with a stable code.');
export type Problem = z.infer<typeof problem>;

/** A page of a list; `next_cursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).describe('The rows of this page'),
    next_cursor: z.string().nullable().describe('Cursor of the next page; null on the last one'),
  });
}

/** Query parameters of every list. */
export const pageQuery = z
  .object({
    limit: z.coerce.number().int().min(1).max(500).default(50).describe('Rows per page'),
    cursor: z
      .string()
      .max(200)
      .regex(/^[a-z]+_[0-9a-z]+$/, 'must be the next_cursor of the previous page')
      .optional()
      .describe('next_cursor of the previous page; default: the first page'),
  })
  .describe('Query parameters of every list.');
export type PageQuery = z.input<typeof pageQuery>;
