import { z } from 'zod';

/** An error over HTTP: RFC 9457, with our stable `code`. */
export const problem = z.object({
  type: z.string().default('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string().describe('Stable; see error-codes.ts'),
  retryable: z.boolean().default(false),
  request_id: z.string().optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  choices: z.array(z.string()).optional().describe('What would have been accepted'),
});
export type Problem = z.infer<typeof problem>;

/** A page of a list; `next_cursor` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** What every list takes. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});
