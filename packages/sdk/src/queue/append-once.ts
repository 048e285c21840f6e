import type { EntryFields } from '@codegen/contracts';
import { flatFields } from './entry.js';
import { appendOnceScript } from './lua/append-once.js';
import type { RedisClient } from './redis-client.js';
import { runScript } from './script.js';

/** Adds an entry, or finds that of the same request which was added within the last `windowMs`. */
export async function appendOnce(
  redis: RedisClient,
  stream: string,
  fields: EntryFields,
  { requestId, windowMs }: { requestId: string; windowMs: number },
): Promise<{ entryId: string; first: boolean }> {
  const keys = [stream, `{${stream}}:published:${requestId}`];
  const [entryId, first] = (await runScript(redis, appendOnceScript, keys, [windowMs, ...flatFields(fields)])) as [
    string,
    number,
  ];
  return { entryId, first: first === 1 };
}
