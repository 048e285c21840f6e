import { type ConsumerCore, readerOf } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';

/** Part of a lease by which a beat may be late: leases are renewed at each third, so no more is left of one. */
const LATE = 2 / 3;
const BEATS_PER_LEASE = 12;
const LEAST_BEAT_MS = 10;

/**
 * Says when the event loop stood still for so long that leases ran out (a handler, or anything else in this process, did
 * not give way), with the messages that were in hand. Those that were being handled are marked: a run of theirs that was
 * lost by it is a used attempt. Returns what ends the watch.
 */
export function watchStalls({ held, leaseMs, logger }: ConsumerCore): () => void {
  const beatMs = Math.max(LEAST_BEAT_MS, leaseMs / BEATS_PER_LEASE);
  let last = performance.now();
  const beat = setInterval(() => {
    const now = performance.now();
    const lateMs = now - last - beatMs;
    last = now;
    if (lateMs < leaseMs * LATE) return;
    const entries = held.all();
    if (entries.length === 0) return;
    for (const entry of entries) if (entry.state !== 'waiting') entry.stalled = true;
    const messages = entries.map(({ id, stream, state, requestId }) => ({
      ...{ entry_id: id, stream, state },
      ...(requestId !== undefined && { request_id: requestId }),
    }));
    const why = 'the event loop stood still for longer than leases last: peers may have these messages now';
    logger.warn({ stood_still_ms: Math.round(lateMs), lease_ms: leaseMs, messages }, why);
  }, beatMs).unref();
  return () => clearInterval(beat);
}

/** Counts a run whose lease was lost while the loop stood still; whoever has the message now goes by it. */
export function countLost(core: ConsumerCore, entry: HeldEntry): void {
  if (!entry.stalled) return;
  core.store.noteLost(readerOf(core, entry.stream), entry.id).catch((error: unknown) => {
    core.logger.warn({ entry_id: entry.id, error: String(error) }, 'a lost attempt could not be counted');
  });
}
