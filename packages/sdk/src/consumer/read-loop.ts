import type { Redis } from 'ioredis';
import { backoffMs, pause } from '../queue/backoff.js';
import { ownPending } from '../queue/claim-stale.js';
import { fieldsOf } from '../queue/entry.js';
import { ensureGroup } from '../queue/group.js';
import { isGroupGone } from '../queue/redis-errors.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';

/** Milliseconds that one read waits for entries; well below the silence limit of the connection. */
const BLOCK_MS = 5000;

/**
 * Reads until the consumer stops. States:
 * full → (an entry ends) → recovering → (own pending entries are all held) → reading → (entries) → full or reading.
 * A failed read → backoff → recovering, since its reply may have been lost after the delivery; a lost group is
 * created again on the way.
 */
export async function readLoop(core: ConsumerCore, blocking: Redis): Promise<void> {
  const { held, stopping, logger } = core;
  // What an earlier process of the same name left behind is taken over at once.
  let recovering: 'takeover' | 'lost reply' | false = 'takeover';
  let failures = 0;
  while (!stopping.aborted) {
    const room = held.room(core.capacity);
    if (room <= 0 || held.waiting > core.readBelow) {
      await held.change(stopping);
      continue;
    }
    try {
      if (recovering) {
        if (!(await takeOwnPending(core, room, recovering === 'takeover'))) recovering = false;
        continue;
      }
      await readNew(core, blocking, room);
      failures = 0;
    } catch (error) {
      if (stopping.aborted) break;
      recovering ||= 'lost reply';
      if (isGroupGone(error)) await recreateGroups(core);
      else if (failures === 2) logger.warn({ error: messageOf(error) }, 'cannot read, still trying');
      await pause(backoffMs(failures), stopping);
      failures += 1;
    }
  }
}

async function readNew(core: ConsumerCore, blocking: Redis, room: number): Promise<void> {
  const { group, consumer, streams } = core;
  const ids = streams.map(() => '>');
  const reply = await blocking.xreadgroup(
    ...(['GROUP', group, consumer, 'COUNT', room, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...ids] as const),
  );
  for (const [stream, entries] of (reply ?? []) as [string, [string, string[]][]][]) {
    for (const [id, flat] of entries) core.held.add({ stream, id, fields: fieldsOf(flat) }, 1);
  }
  core.pump();
}

/** Takes in what was delivered to this consumer without its knowing; true when there is more than room for it. */
async function takeOwnPending(core: ConsumerCore, room: number, takeover: boolean): Promise<boolean> {
  for (const stream of core.streams) {
    const known = (id: string) => core.held.has(stream, id);
    const how = { known, takeover, limit: room };
    const { entries, more } = await ownPending(core.redis, readerOf(core, stream), how);
    for (const entry of entries) core.held.add(entry, entry.deliveries);
    core.pump();
    if (more || core.held.room(core.capacity) <= 0) return true;
  }
  return false;
}

async function recreateGroups(core: ConsumerCore): Promise<void> {
  for (const stream of core.streams) {
    const made = await ensureGroup(core.redis, stream, core.group).catch(() => undefined);
    if (made === 'created') {
      core.logger.warn({ stream, group: core.group }, 'stream and group were gone from Redis and are made again');
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
