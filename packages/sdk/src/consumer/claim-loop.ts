import { backoffMs, pause } from '../queue/backoff.js';
import { claimStale } from '../queue/claim-stale.js';
import { forgetConsumers } from '../queue/group.js';
import { isGroupGone } from '../queue/redis-errors.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';

/** Consumers without pending entries that were not seen for so long are removed. */
const FORGET_AFTER_MS = 3_600_000;

/**
 * Takes over what dead peers left behind: looks four times per lease, as far as there is room.
 * After Redis was away it waits for half a lease, so that owners who are alive renew first.
 */
export async function claimLoop(core: ConsumerCore): Promise<void> {
  const { redis, stopping, leaseMs } = core;
  let notBeforeMs = 0;
  const onReady = () => {
    notBeforeMs = Date.now() + leaseMs / 2;
  };
  await forget(core);
  redis.on('ready', onReady);
  for (let failures = 0; !stopping.aborted; ) {
    try {
      // A command given while Redis is away would run before any owner could renew.
      if (redis.status === 'ready' && Date.now() >= notBeforeMs) await sweep(core);
      failures = 0;
      await pause(leaseMs / 4, stopping);
    } catch (error) {
      if (!isGroupGone(error)) failures += 1;
      await pause(Math.max(leaseMs / 4, backoffMs(failures)), stopping);
    }
  }
  redis.off('ready', onReady);
}

async function sweep(core: ConsumerCore): Promise<void> {
  for (const stream of core.streams) {
    const limit = core.held.room(core.capacity);
    if (limit <= 0) return;
    const found = await claimStale(core.redis, readerOf(core, stream), { leaseMs: core.leaseMs, limit });
    for (const entry of found.entries) {
      if (core.held.has(stream, entry.id)) continue;
      core.logger.info({ entry_id: entry.id, stream, deliveries: entry.deliveries }, 'taken over from a dead consumer');
      core.held.add(entry, entry.deliveries);
    }
    if (found.deleted.length > 0) {
      core.logger.warn({ stream, entry_ids: found.deleted }, 'entries were deleted while they were pending');
    }
    core.pump();
  }
}

async function forget(core: ConsumerCore): Promise<void> {
  for (const stream of core.streams) {
    const which = { idleMs: FORGET_AFTER_MS };
    await forgetConsumers(core.redis, { stream, group: core.group }, which).catch(() => undefined);
  }
}
