import { deadLetterStream, type EntryFields, wireNow } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import type { ErrorContext } from './dead-letter.js';
import { flatFields, type GroupReader } from './entry.js';
import { delayScript } from './lua/delay.js';
import { moveDueScript } from './lua/move-due.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';

/** The sorted set of a stream's entries that wait for their next try; tagged so that it shares the stream's slot. */
export function delayedKey(stream: string): string {
  return `{${stream}}:delayed`;
}

/** Puts an entry aside for `delayMs`, with new fields; false where this consumer no longer owns it. */
export async function delayEntry(
  redis: Redis,
  { stream, group, consumer }: GroupReader,
  entry: { id: string; fields: EntryFields; delayMs: number; target: string },
): Promise<boolean> {
  const member = JSON.stringify({ id: `${stream} ${entry.id}`, fields: flatFields(entry.fields) });
  const args = [group, consumer, entry.id, Math.round(entry.delayMs), member];
  try {
    return (await runScript(redis, delayScript, [stream, delayedKey(entry.target)], args)) === 1;
  } catch (error) {
    if (isGroupGone(error)) return false;
    throw error;
  }
}

/**
 * Puts due entries back into their stream; what cannot be read goes to the dead letters of `by`.
 * `nextMs`: until the next one is due, undefined where none waits.
 */
export async function moveDue(
  redis: Redis,
  stream: string,
  by: { service: string; consumer: string },
  limit = 100,
): Promise<{ moved: number; nextMs: number | undefined }> {
  const context: ErrorContext = {
    error: 'a delayed entry is not {"fields": [name, value, …]}',
    error_type: 'ValidationError',
    code: 'invalid_delayed_entry',
    timestamp: wireNow(),
    service: by.service,
    consumer: by.consumer,
    attempts: 1,
    entry_id: '0-0',
    correlation_id: null,
  };
  const keys = [delayedKey(stream), stream, deadLetterStream(stream)];
  const [moved, nextMs] = (await runScript(redis, moveDueScript, keys, [limit, JSON.stringify(context)])) as [
    number,
    number,
  ];
  return { moved, nextMs: nextMs < 0 ? undefined : nextMs };
}
