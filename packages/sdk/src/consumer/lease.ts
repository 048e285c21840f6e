import { pause } from '../queue/backoff.js';
import { byStream } from '../queue/entry.js';
import { sayFailed } from '../queue/what-is-away.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import { type HeldEntry, LeaseLostError } from './held-entries.js';
import { countLost } from './watch-stalls.js';

/** Keeps the leases of everything that is held, until the consumer has ended. */
export async function leaseLoop(core: ConsumerCore): Promise<void> {
  while (!core.ended.aborted) {
    await pause(core.leaseMs / 3, core.ended);
    await renewAll(core);
  }
}

/**
 * Renews every lease once; aborts the handlers whose lease is another's by now. Redis alone decides: with it away,
 * nobody else can take an entry either.
 */
export async function renewAll(core: ConsumerCore): Promise<void> {
  for (const [stream, entries] of byStream(core.held.all())) {
    try {
      const owned = await core.store.renewLeases(
        readerOf(core, stream),
        entries.map(({ id }) => id),
      );
      entries.forEach((entry, i) => {
        if (!owned[i]) lose(core, entry);
      });
    } catch (error) {
      sayFailed(core.logger, error, 'cannot renew leases', { stream });
    }
  }
}

function lose(core: ConsumerCore, entry: HeldEntry): void {
  // While it is being settled, the entry may be gone because this consumer has just acknowledged it.
  if (entry.state === 'settling' || entry.aborted) return;
  core.logger.warn({ entry_id: entry.id, stream: entry.stream, state: entry.state }, 'lease lost');
  countLost(core, entry);
  // Let go of, so that the entry can be taken in anew while a handler that does not hear its signal still runs.
  core.held.remove(entry);
  entry.abort.abort(new LeaseLostError(`another consumer has ${entry.stream} ${entry.id}, or it is gone`));
}
