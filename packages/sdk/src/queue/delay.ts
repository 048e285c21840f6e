import { deadLetterStream, type EntryFields, type ErrorContext, wireNow } from '@codegen/contracts';
import { copyThenAcknowledge } from './acknowledge.js';
import { flatFields, type GroupReader } from './entry.js';
import { delayScript } from './lua/delay.js';
import { moveDueScript } from './lua/move-due.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';

/** The sorted set of a stream's entries that wait for their next try; tagged so that it shares the stream's slot. */
export function delayedKey(stream: string): string {
  return `{${stream}}:delayed`;
}

/** Puts an entry aside for `delayMs`, with new fields; false where this consumer no longer owns it. */
export async function delayEntry(
  redis: RedisClient,
  { stream, group, consumer }: GroupReader,
  entry: { id: string; fields: EntryFields; delayMs: number; target: string },
): Promise<boolean> {
  const member = JSON.stringify({ id: `${stream} ${entry.id}`, fields: flatFields(entry.fields) });
  const args = [Math.round(entry.delayMs), member];
  const set = delayedKey(entry.target);
  try {
    if (isCluster(redis) && stream !== entry.target) {
      const copy = () => runScript(redis, delayScript, [set], args);
      return await copyThenAcknowledge(redis, { stream, group, consumer }, entry.id, copy);
    }
    return (await runScript(redis, delayScript, [set, stream], [...args, group, consumer, entry.id])) === 1;
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
  redis: RedisClient,
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
  const set = delayedKey(stream);
  const [moved, nextMs, broken] = (await runScript(redis, moveDueScript, [set, stream], [limit])) as [
    number,
    number,
    string[],
  ];
  for (const member of broken) {
    const original = JSON.stringify({ delayed: member });
    const letter = ['original_message', original, 'error_context', JSON.stringify(context)];
    await redis.xadd(deadLetterStream(stream), '*', ...letter);
    await redis.zrem(set, member);
  }
  return { moved: moved + broken.length, nextMs: nextMs < 0 ? undefined : nextMs };
}
