import { copyThenAcknowledge } from './acknowledge.js';
import type { GroupReader } from './entry.js';
import { beginRequestScript } from './lua/begin-request.js';
import { completeRequestScript } from './lua/complete-request.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';
import type { RequestEntry } from './store.js';

/** Milliseconds for which a request counts as begun, at least: longer than any handler takes. */
const BEGUN_MS = 86_400_000;

/** What is known of a request of a queue; tagged so that it shares the stream's slot. */
function recordKey({ target, requestId }: RequestEntry): string {
  return `{${target}}:request:${requestId}`;
}

/**
 * Begins a request; `done` where it was completed, `busy` while another entry that has begun it is pending.
 * The other entry may be in another stream, and so in another slot: it is looked at outside the script. What is no
 * longer pending never is again, so the second look at the record is enough.
 */
export async function beginRequest(
  redis: RedisClient,
  { stream, group }: GroupReader,
  entry: RequestEntry,
): Promise<'begun' | 'done' | 'busy'> {
  const args = [`${stream} ${entry.id}`, Math.max(BEGUN_MS, entry.windowMs)];
  const begin = async (ended: string) =>
    (await runScript(redis, beginRequestScript, [recordKey(entry)], [...args, ended])) as string;
  const other = await begin('');
  if (other === '') return 'begun';
  if (other === 'done') return 'done';
  if (await isPending(redis, group, other)) return 'busy';
  const standing = await begin(other);
  if (standing === 'done') return 'done';
  return standing === '' ? 'begun' : 'busy';
}

async function isPending(redis: RedisClient, group: string, entry: string): Promise<boolean> {
  const space = entry.lastIndexOf(' ');
  const [stream, id] = [entry.slice(0, space), entry.slice(space + 1)];
  try {
    return ((await redis.xpending(stream, group, id, id, 1)) as unknown[]).length > 0;
  } catch (error) {
    if (isGroupGone(error)) return false;
    throw error;
  }
}

/** Records that a request was completed and ends its entry; false where this consumer no longer owns it. */
export async function completeRequest(redis: RedisClient, reader: GroupReader, entry: RequestEntry): Promise<boolean> {
  const { stream, group, consumer } = reader;
  const { id, windowMs, target } = entry;
  try {
    if (isCluster(redis) && stream !== target) {
      // Dying in between leaves the entry pending: whoever takes it over finds it done.
      return await copyThenAcknowledge(redis, reader, id, () => redis.set(recordKey(entry), 'done', 'PX', windowMs));
    }
    const keys = [stream, recordKey(entry)];
    return (await runScript(redis, completeRequestScript, keys, [group, consumer, id, windowMs])) === 1;
  } catch (error) {
    if (isGroupGone(error)) return false;
    throw error;
  }
}
