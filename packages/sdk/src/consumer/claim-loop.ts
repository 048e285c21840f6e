import { backoffMs, pause } from '../queue/backoff.js';
import { isGroupGone, unlessWrongType } from '../queue/redis-errors.js';
import { sayFailed } from '../queue/what-is-away.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import { renewAll } from './lease.js';

/**
 * Takes over what dead peers left behind: looks four times per lease, as far as there is room.
 * After Redis was away it waits for half a lease, so that owners who are alive renew first. After the event loop stood
 * still it renews first: taking an entry back that a peer has by now would let the run that lost it end it.
 */
export async function claimLoop(core: ConsumerCore): Promise<void> {
  const { store, stopping, leaseMs } = core;
  let notBeforeMs = 0;
  let more = false;
  const unlisten = store.onOnline(() => {
    notBeforeMs = performance.now() + leaseMs / 2;
  });
  let lookedMs = performance.now();
  for (let failures = 0; !stopping.aborted; ) {
    try {
      if (performance.now() - lookedMs > leaseMs / 2) await renewAll(core);
      lookedMs = performance.now();
      // A command given while Redis is away would run before any owner could renew.
      if (store.online && performance.now() >= notBeforeMs) more = await sweep(core, more);
      failures = 0;
      await nextLook(core, more);
    } catch (error) {
      if (!isGroupGone(error)) failures += 1;
      if (failures === 3) sayFailed(core.logger, error, 'cannot look for what dead consumers left, still trying');
      await pause(Math.max(leaseMs / 4, backoffMs(failures)), stopping);
    }
  }
  unlisten();
}

/** A quarter of the lease; what there was no room for is looked for again as soon as an entry leaves. */
async function nextLook({ held, capacity, leaseMs, stopping }: ConsumerCore, more: boolean): Promise<void> {
  if (!more) return pause(leaseMs / 4, stopping);
  const room = new AbortController();
  void held.until(() => held.room(capacity) > 0, stopping).then(() => room.abort());
  await pause(leaseMs / 4, AbortSignal.any([stopping, room.signal]));
}

/** Whether there may be more than there was room for; `before`: whether there was at the last look. */
async function sweep(core: ConsumerCore, before: boolean): Promise<boolean> {
  let more = false;
  for (const stream of core.streams) {
    const limit = core.held.room(core.capacity);
    if (limit <= 0) return before || more;
    const found = await core.store
      .claimStale(readerOf(core, stream), { leaseMs: core.leaseMs, limit })
      .catch(unlessWrongType({ entries: [], deleted: [] }));
    for (const entry of found.entries) {
      if (core.held.has(stream, entry.id)) continue;
      core.logger.info({ entry_id: entry.id, stream, deliveries: entry.deliveries }, 'taken over from a dead consumer');
      core.held.add(entry, entry.deliveries);
      core.counts.takenOver += 1;
    }
    if (found.deleted.length > 0) {
      core.logger.warn({ stream, entry_ids: found.deleted }, 'entries were deleted while they were pending');
    }
    more ||= found.entries.length >= limit;
    core.pump();
  }
  return more;
}
