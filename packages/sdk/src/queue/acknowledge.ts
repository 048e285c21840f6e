import type { GroupReader } from './entry.js';
import { acknowledgeScript } from './lua/acknowledge.js';
import { releaseScript } from './lua/release.js';
import { renewScript } from './lua/renew.js';
import type { RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import { runScript, type Script } from './script.js';

/** Acknowledges and deletes entries; false for each one that this consumer no longer owns. */
export function acknowledge(redis: RedisClient, reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
  return ownedScript(redis, acknowledgeScript, reader, [], ids);
}

/** Makes leases young again; false for each entry that this consumer no longer owns. */
export function renewLeases(redis: RedisClient, reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
  return ownedScript(redis, renewScript, reader, [], ids);
}

/** Idle time of released entries: longer than any lease, so that the next sweep of any peer takes them. */
export const RELEASED_IDLE_MS = 1_000_000_000;

/** Gives entries back to the peers; false for each one that this consumer no longer owned. */
export function releaseLeases(redis: RedisClient, reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
  return ownedScript(redis, releaseScript, reader, [RELEASED_IDLE_MS], ids);
}

/**
 * For keys on different servers of a Cluster, which no script can touch together: copies an entry elsewhere, then
 * acknowledges it. Dying in between copies it twice; it is never lost.
 */
export async function copyThenAcknowledge(
  redis: RedisClient,
  reader: GroupReader,
  id: string,
  copy: () => Promise<unknown>,
): Promise<boolean> {
  const [owned] = await renewLeases(redis, reader, [id]);
  if (!owned) return false;
  await copy();
  await acknowledge(redis, reader, [id]);
  return true;
}

async function ownedScript(
  redis: RedisClient,
  script: Script,
  { stream, group, consumer }: GroupReader,
  args: readonly number[],
  ids: readonly string[],
): Promise<boolean[]> {
  try {
    const owned = (await runScript(redis, script, [stream], [group, consumer, ...args, ...ids])) as number[];
    return owned.map((one) => one === 1);
  } catch (error) {
    if (isGroupGone(error)) return ids.map(() => false);
    throw error;
  }
}
