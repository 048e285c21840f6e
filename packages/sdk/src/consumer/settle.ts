import type { EntryFields, ErrorContext } from '@codegen/contracts';
import { backoffMs, pause } from '../queue/backoff.js';
import { byStream } from '../queue/entry.js';
import { sayFailed } from '../queue/what-is-away.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import { type HeldEntry, isLost } from './held-entries.js';
import { countLost } from './watch-stalls.js';

/** How a held entry ends here. */
export type Outcome =
  /** With a request: it is remembered as completed. `skipped`: it had been before. */
  | { kind: 'done'; request?: { requestId: string; windowMs: number }; skipped?: true }
  /** Without an error it has not been tried at all. */
  | { kind: 'retry'; delayMs: number; fields: EntryFields; error?: unknown }
  | { kind: 'dead'; original: EntryFields; context: ErrorContext; announce: () => Promise<void>; cause: unknown }
  /** Back to the peers, as if it had never been here. */
  | { kind: 'release' };

/** How handling ended; `fatal` means that the consumer must stop and the entry stay as it is. */
export type Handled = Outcome | { kind: 'fatal'; error: unknown };

const COUNTED = { done: 'handled', retry: 'retried', dead: 'deadLettered', release: 'released' } as const;

const REFUSED = 'lease lost: the outcome is refused';

/**
 * Ends entries in Redis, each only while this consumer still owns it. With Redis away it keeps trying, and keeps the
 * entry, so that what a handler has done is not done again.
 */
export class Settler {
  readonly #core: ConsumerCore;
  #done: HeldEntry[] = [];

  constructor(core: ConsumerCore) {
    this.#core = core;
  }

  /** Settles an entry, which leaves what is held when that is done. */
  settle(entry: HeldEntry, outcome: Outcome): void {
    const { held, counts, logger } = this.#core;
    if (isLost(entry)) {
      // Redis cannot tell: the entry may be this consumer's again, for a newer run.
      counts.refused += 1;
      logger.warn({ entry_id: entry.id, stream: entry.stream, outcome: outcome.kind }, REFUSED);
      return;
    }
    held.settle(entry);
    if (outcome.kind !== 'done' || outcome.request || outcome.skipped) {
      void this.#untilSettled([entry], outcome, async () => [await this.#apply(entry, outcome)]);
    } else if (this.#done.push(entry) === 1) {
      setImmediate(() => this.#acknowledgeDone());
    }
  }

  /** Entries that end in the same tick are acknowledged by one script: one by one is several times slower. */
  #acknowledgeDone(): void {
    const done = this.#done;
    this.#done = [];
    for (const [stream, entries] of byStream(done)) {
      const reader = readerOf(this.#core, stream);
      const ids = entries.map(({ id }) => id);
      void this.#untilSettled(entries, { kind: 'done' }, () => this.#core.store.acknowledge(reader, ids));
    }
  }

  async #untilSettled(entries: HeldEntry[], outcome: Outcome, apply: () => Promise<boolean[]>): Promise<void> {
    const { logger, ended, held, counts } = this.#core;
    for (let failures = 0; !ended.aborted; failures += 1) {
      try {
        const owned = await apply();
        const refused = entries.filter((_, i) => !owned[i]);
        counts[countedAs(outcome)] += entries.length - refused.length;
        counts.refused += refused.length;
        for (const entry of refused) {
          logger.warn({ entry_id: entry.id, stream: entry.stream, outcome: outcome.kind }, REFUSED);
          countLost(this.#core, entry);
        }
        break;
      } catch (error) {
        // Of what goes on failing, the first line says enough.
        if (failures === 0) {
          const about = { entry_ids: entries.map(({ id }) => id), stream: entries[0]?.stream, outcome: outcome.kind };
          sayFailed(logger, error, 'cannot settle an entry yet, it stays pending', about);
        }
        await pause(backoffMs(failures), ended);
      }
    }
    for (const entry of entries) held.remove(entry);
  }

  #apply(entry: HeldEntry, outcome: Outcome): Promise<boolean> {
    const { store, stream: target } = this.#core;
    const reader = readerOf(this.#core, entry.stream);
    switch (outcome.kind) {
      case 'done':
        if (outcome.request) return store.completeRequest(reader, { ...outcome.request, id: entry.id, target });
        return store.acknowledge(reader, [entry.id]).then(([owned]) => owned === true);
      case 'retry':
        return store.delay(reader, { ...outcome, id: entry.id, target }).finally(() => this.#core.wakeMover());
      case 'dead':
        return outcome.announce().then(() => store.deadLetter(reader, { ...outcome, id: entry.id, target }));
      case 'release':
        return store.releaseLeases(reader, [entry.id]).then(([owned]) => owned === true);
    }
  }
}

/** What an outcome counts as, once Redis has it. */
function countedAs(outcome: Outcome) {
  return outcome.kind === 'done' && outcome.skipped ? 'skipped' : COUNTED[outcome.kind];
}
