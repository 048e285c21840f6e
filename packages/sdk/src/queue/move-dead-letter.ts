import { deadLetterStream, type EntryFields, type ErrorContext } from '@codegen/contracts';
import { copyThenAcknowledge } from './acknowledge.js';
import { flatFields, type GroupReader } from './entry.js';
import { deadLetterScript } from './lua/dead-letter.js';
import { replayScript } from './lua/replay.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';

/** Moves an entry to the dead-letter stream of `target`; false where this consumer no longer owns it. */
export async function deadLetterEntry(
  redis: RedisClient,
  { stream, group, consumer }: GroupReader,
  entry: { id: string; original: EntryFields; context: ErrorContext; target: string },
): Promise<boolean> {
  const letters = deadLetterStream(entry.target);
  const [original, context] = [JSON.stringify(entry.original), JSON.stringify(entry.context)];
  try {
    if (isCluster(redis)) {
      const copy = () => redis.xadd(letters, '*', 'original_message', original, 'error_context', context);
      return await copyThenAcknowledge(redis, { stream, group, consumer }, entry.id, copy);
    }
    const args = [group, consumer, entry.id, original, context];
    return (await runScript(redis, deadLetterScript, [stream, letters], args)) === 1;
  } catch (error) {
    if (isGroupGone(error)) return false;
    throw error;
  }
}

/** Puts the entry of a dead letter back into `stream`; undefined where the letter is gone. */
export async function replayLetter(
  redis: RedisClient,
  stream: string,
  { letterId, fields }: { letterId: string; fields: EntryFields },
): Promise<string | undefined> {
  const letters = deadLetterStream(stream);
  const flat = flatFields(fields);
  if (!isCluster(redis)) {
    return (
      ((await runScript(redis, replayScript, [letters, stream], [letterId, ...flat])) as string | null) ?? undefined
    );
  }
  // Two slots: dying in between leaves the letter beside its copy, and so may a second replay at the same time.
  if ((await redis.xrange(letters, letterId, letterId)).length === 0) return undefined;
  const entryId = (await redis.xadd(stream, '*', ...flat)) as string;
  await redis.xdel(letters, letterId);
  return entryId;
}
