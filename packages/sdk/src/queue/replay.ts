import { deadLetterStream, type EntryFields } from '@codegen/contracts';
import { flatFields } from './entry.js';
import { replayScript } from './lua/replay.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { runScript } from './script.js';

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
