import { RELEASED_IDLE_MS } from './acknowledge.js';
import { type ClaimedEntry, fieldsOf, type GroupReader } from './entry.js';
import { claimStaleScript } from './lua/claim-stale.js';
import { ownEntriesScript } from './lua/own-entries.js';
import type { RedisClient } from './redis-client.js';
import { runScript } from './script.js';

/** Entries looked at in one step. */
const PAGE = 100;

/**
 * Takes over up to `limit` entries whose lease is older than `leaseMs`. Walks the pending list to its end, since pages
 * full of fresh entries come back empty.
 */
export async function claimStale(
  redis: RedisClient,
  { stream, group, consumer }: GroupReader,
  { leaseMs, limit }: { leaseMs: number; limit: number },
): Promise<{ entries: ClaimedEntry[]; deleted: string[] }> {
  const entries: ClaimedEntry[] = [];
  const deleted: string[] = [];
  let cursor = '0-0';
  do {
    const count = Math.min(PAGE, limit - entries.length);
    const args = [group, consumer, leaseMs, cursor, count, leaseMs / 2, RELEASED_IDLE_MS];
    const page = (await runScript(redis, claimStaleScript, [stream], args)) as [
      string,
      [string, string[], number][],
      string[],
    ];
    cursor = page[0];
    for (const [id, flat, deliveries] of page[1]) entries.push({ stream, id, fields: fieldsOf(flat), deliveries });
    deleted.push(...page[2]);
  } while (cursor !== '0-0' && entries.length < limit);
  return { entries, deleted };
}

/**
 * Entries that are pending for this very consumer and not in `known`: delivered, but the reply was lost on its way, or
 * left behind by an earlier process of the same name. Only the latter counts as a further delivery (`takeover`), so
 * that delivery counts stay those of takeovers.
 */
export async function ownPending(
  redis: RedisClient,
  { stream, group, consumer }: GroupReader,
  { known, limit, takeover }: { known: (id: string) => boolean; limit: number; takeover: boolean },
): Promise<{ entries: ClaimedEntry[]; more: boolean }> {
  const ids: string[] = [];
  let start = '-';
  for (;;) {
    const page = (await redis.xpending(stream, group, start, '+', PAGE, consumer)) as [string, ...unknown[]][];
    ids.push(...page.map(([id]) => id).filter((id) => !known(id)));
    const last = page.at(-1);
    if (!last || page.length < PAGE || ids.length > limit) break;
    start = `(${last[0]}`;
  }
  const wanted = ids.slice(0, limit);
  const args = [group, consumer, takeover ? 1 : 0, ...wanted];
  const found = wanted.length > 0 ? await runScript(redis, ownEntriesScript, [stream], args) : [];
  const entries = (found as [string, string[], number][]).map(([id, flat, deliveries]) => ({
    stream,
    id,
    fields: fieldsOf(flat),
    deliveries,
  }));
  return { entries, more: ids.length > limit };
}
