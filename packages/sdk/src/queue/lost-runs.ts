import type { GroupReader } from './entry.js';
import { noteLostScript } from './lua/note-lost.js';
import type { RedisClient } from './redis-client.js';
import { runScript } from './script.js';

/** Milliseconds for which lost runs are remembered after the last one: longer than any handler takes. */
const REMEMBERED_MS = 86_400_000;

/** How often a run of each entry of a stream was lost; tagged so that it shares the stream's slot. */
function lostKey({ stream, group }: Pick<GroupReader, 'stream' | 'group'>): string {
  return `{${stream}}:lost:${group}`;
}

/** Counts a run of an entry that its consumer lost, alive: who has the entry now may not be this one any more. */
export async function noteLost(redis: RedisClient, reader: GroupReader, id: string): Promise<void> {
  await runScript(redis, noteLostScript, [lostKey(reader)], [id, REMEMBERED_MS]);
}

/** How many runs of an entry were lost. */
export async function lostRuns(redis: RedisClient, reader: GroupReader, id: string): Promise<number> {
  return Number((await redis.hget(lostKey(reader), id)) ?? 0);
}
