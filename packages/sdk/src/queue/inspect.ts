import { fieldsOf, type StreamEntry } from './entry.js';
import { isCluster, type RedisClient } from './redis-client.js';

const SCAN_COUNT = 1000;

/** Names of the streams that fit a pattern, in which `*` stands for anything, in order. Walks the whole keyspace. */
export async function streamsLike(redis: RedisClient, pattern: string): Promise<string[]> {
  const servers = isCluster(redis) ? redis.nodes('master') : [redis];
  const glob = pattern.replace(/[?[\]\\]/g, '\\$&');
  const found = new Set<string>();
  for (const server of servers) {
    for (let cursor = '0'; ; ) {
      const [next, names] = await server.scan(cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT, 'TYPE', 'stream');
      for (const name of names) found.add(name);
      if (next === '0') break;
      cursor = next;
    }
  }
  return [...found].sort();
}

/** Entries that no consumer of a group was given yet, oldest first; without the group, all there are. */
export async function waitingEntries(
  redis: RedisClient,
  stream: string,
  group: string,
  limit: number,
): Promise<StreamEntry[]> {
  const last = await lastDelivered(redis, stream, group);
  const found = await redis.xrange(stream, last === undefined ? '-' : `(${last}`, '+', 'COUNT', limit);
  return found.map(([id, flat]) => ({ stream, id, fields: fieldsOf(flat) }));
}

/** The newest entries of a stream, oldest first. */
export async function newestEntries(redis: RedisClient, stream: string, limit: number): Promise<StreamEntry[]> {
  const found = await redis.xrevrange(stream, '+', '-', 'COUNT', limit);
  return found.reverse().map(([id, flat]) => ({ stream, id, fields: fieldsOf(flat) }));
}

async function lastDelivered(redis: RedisClient, stream: string, group: string): Promise<string | undefined> {
  let groups: unknown[][];
  try {
    groups = (await redis.xinfo('GROUPS', stream)) as unknown[][];
  } catch (error) {
    if (error instanceof Error && /no such key/i.test(error.message)) return undefined;
    throw error;
  }
  const info = groups.find((flat) => flat[flat.indexOf('name') + 1] === group);
  return info && String(info[info.indexOf('last-delivered-id') + 1]);
}
