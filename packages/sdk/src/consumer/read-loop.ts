import { backoffMs, pause } from '../queue/backoff.js';
import { isGroupGone, isWrongType } from '../queue/redis-errors.js';
import type { WaitingReader } from '../queue/store.js';
import { sayFailed } from '../queue/what-is-away.js';
import { sayBack } from '../service/outage-log.js';
import { messageOf } from '../text/error-text.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';

/** Milliseconds that one read waits for entries; well below the silence limit of the connection. */
const BLOCK_MS = 5000;

/**
 * Reads some streams until the consumer stops. States:
 * full → (an entry ends) → recovering → (own pending entries are all held) → reading → (entries) → full or reading.
 * A failed read → backoff → recovering, since its reply may have been lost after the delivery; a lost group is
 * created again on the way. A key of another type in the place of one stream keeps no other from being read.
 */
export async function readLoop(core: ConsumerCore, streams: readonly string[], reader: WaitingReader): Promise<void> {
  const { held, stopping, logger } = core;
  // What an earlier process of the same name left behind is taken over at once.
  let recovering: 'takeover' | 'lost reply' | false = 'takeover';
  let failures = 0;
  let readable = streams;
  const hasRoom = () => held.room(core.capacity) > 0 && held.waiting <= core.readBelow;
  while (!stopping.aborted) {
    if (!hasRoom()) {
      await held.until(hasRoom, stopping);
      continue;
    }
    const room = held.room(core.capacity);
    try {
      if (readable.length < streams.length) readable = await remakeGroups(core, streams);
      if (recovering) {
        if (!(await takeOwnPending(core, readable, room, recovering === 'takeover'))) recovering = false;
        continue;
      }
      for (const entry of await reader.readNew(readable, core, { count: room, blockMs: BLOCK_MS })) held.add(entry, 1);
      core.pump();
      failures = 0;
      sayBack(logger, 'Redis');
    } catch (error) {
      if (stopping.aborted) break;
      recovering ||= 'lost reply';
      if (isWrongType(error) && readable.length === streams.length) {
        logger.warn({ streams, error: messageOf(error) }, 'a key is no stream: only those that are can be read');
      } else if (failures === 2) sayFailed(logger, error, 'cannot read, still trying');
      if (isGroupGone(error) || isWrongType(error)) readable = [];
      await pause(backoffMs(failures), stopping);
      failures += 1;
    }
  }
}

/** Takes in what was delivered to this consumer without its knowing; true when there is more than room for it. */
async function takeOwnPending(
  core: ConsumerCore,
  streams: readonly string[],
  room: number,
  takeover: boolean,
): Promise<boolean> {
  for (const stream of streams) {
    const known = (id: string) => core.held.has(stream, id);
    const how = { known, takeover, limit: room };
    const { entries, more } = await core.store.ownPending(readerOf(core, stream), how);
    for (const entry of entries) core.held.add(entry, entry.deliveries);
    if (takeover) core.counts.takenOver += entries.length;
    core.pump();
    if (more || core.held.room(core.capacity) <= 0) return true;
  }
  return false;
}

/** Makes the groups that are missing; gives the streams that have theirs. @throws where that is none of them */
async function remakeGroups(core: ConsumerCore, streams: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  let failure: unknown;
  for (const stream of streams) {
    try {
      if ((await core.store.ensureGroup(stream, core.group)) === 'created') {
        core.logger.warn({ stream, group: core.group }, 'stream and group were gone from Redis and are made again');
      }
      there.push(stream);
    } catch (error) {
      failure = error;
    }
  }
  if (there.length === 0) throw failure;
  return there;
}
