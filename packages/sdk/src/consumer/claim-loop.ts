import { backoffMs, pause } from '../queue/backoff.js';
import { isGroupGone } from '../queue/redis-errors.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';

/**
 * Takes over what dead peers left behind: looks four times per lease, as far as there is room.
 * After Redis was away it waits for half a lease, so that owners who are alive renew first.
 */
export async function claimLoop(core: ConsumerCore): Promise<void> {
  const { store, stopping, leaseMs } = core;
  let notBeforeMs = 0;
  const unlisten = store.onOnline(() => {
    notBeforeMs = performance.now() + leaseMs / 2;
  });
  for (let failures = 0; !stopping.aborted; ) {
    try {
      // A command given while Redis is away would run before any owner could renew.
      if (store.online && performance.now() >= notBeforeMs) await sweep(core);
      failures = 0;
      await pause(leaseMs / 4, stopping);
    } catch (error) {
      if (!isGroupGone(error)) failures += 1;
      await pause(Math.max(leaseMs / 4, backoffMs(failures)), stopping);
    }
  }
  unlisten();
}

async function sweep(core: ConsumerCore): Promise<void> {
  for (const stream of core.streams) {
    const limit = core.held.room(core.capacity);
    if (limit <= 0) return;
    const found = await core.store.claimStale(readerOf(core, stream), { leaseMs: core.leaseMs, limit });
    for (const entry of found.entries) {
      if (core.held.has(stream, entry.id)) continue;
      core.logger.info({ entry_id: entry.id, stream, deliveries: entry.deliveries }, 'taken over from a dead consumer');
      core.held.add(entry, entry.deliveries);
      core.counts.takenOver += 1;
    }
    if (found.deleted.length > 0) {
      core.logger.warn({ stream, entry_ids: found.deleted }, 'entries were deleted while they were pending');
    }
    core.pump();
  }
}
