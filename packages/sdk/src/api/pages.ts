import { OrchestratorError } from '../errors.js';
import type { CallOptions } from './request.js';

/** A page of a list; `next_cursor` is null on the last one. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Walks all pages of a list, one request at a time, as they are asked for. */
export async function* walkPages<T, Q extends { cursor?: string | undefined }>(
  page: (query: Q, options: CallOptions) => Promise<Page<T>>,
  query: Q,
  options: CallOptions,
): AsyncGenerator<T, void, undefined> {
  let cursor = query.cursor;
  const seen = new Set([cursor]);
  do {
    const current = await page(cursor === undefined ? query : { ...query, cursor }, options);
    for (const item of current.items) {
      yield item;
      options.signal?.throwIfAborted();
    }
    cursor = current.next_cursor ?? undefined;
    // A server that leads round in a circle would keep us here for ever.
    if (cursor !== undefined && seen.has(cursor)) {
      throw new OrchestratorError('BAD_RESPONSE', 'the pages of this list go round in a circle: is the API URL right?');
    }
    seen.add(cursor);
  } while (cursor !== undefined);
}
