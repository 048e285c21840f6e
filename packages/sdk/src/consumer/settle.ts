import type { EntryFields } from '@codegen/contracts';
import { backoffMs, pause } from '../queue/backoff.js';
import type { ErrorContext } from '../queue/dead-letter.js';
import { byStream } from '../queue/entry.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import { type HeldEntry, isLost } from './held-entries.js';

/** How a held entry ends here. */
export type Outcome =
  /** With a request: it is remembered as completed. `skipped`: it had been before. */
  | { kind: 'done'; request?: { requestId: string; windowMs: number }; skipped?: true }
  /** Without an error it has not been tried at all. */
  | { kind: 'retry'; delayMs: number; fields: EntryFields; error?: unknown }
  | { kind: 'dead'; original: EntryFields; context: ErrorContext; announce: () => Promise<void>; cause: unknown }
  /** Back to the peers, as if it had never been here. */
  | { kind: 'release' };

const COUNTED = { done: 'handled', retry: 'retried', dead: 'deadLettered', release: 'released' } as const;

const REFUSED = 'lease lost: the outcome is refused';

interface Acknowledgement {
  readonly stream: string;
  readonly id: string;
  readonly resolve: (owned: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Ends entries in Redis, each only while this consumer still owns it. With Redis away it keeps trying, and keeps the
 * entry, so that what a handler has done is not done again.
 */
export class Settler {
  readonly #core: ConsumerCore;
  #batch: Acknowledgement[] = [];

  constructor(core: ConsumerCore) {
    this.#core = core;
  }

  async settle(entry: HeldEntry, outcome: Outcome): Promise<void> {
    const { logger, ended, held, counts } = this.#core;
    const about = { entry_id: entry.id, stream: entry.stream };
    if (isLost(entry)) {
      // Redis cannot tell: the entry may be this consumer's again, for a newer run.
      counts.refused += 1;
      logger.warn({ ...about, outcome: outcome.kind }, REFUSED);
      return;
    }
    held.settle(entry);
    for (let failures = 0; !ended.aborted; failures += 1) {
      try {
        const owned = await this.#apply(entry, outcome);
        counts[owned ? countedAs(outcome) : 'refused'] += 1;
        if (!owned) logger.warn({ ...about, outcome: outcome.kind }, REFUSED);
        break;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        logger.warn({ ...about, outcome: outcome.kind, error: text }, 'cannot settle an entry yet, it stays pending');
        await pause(backoffMs(failures), ended);
      }
    }
    held.remove(entry);
  }

  #apply(entry: HeldEntry, outcome: Outcome): Promise<boolean> {
    const { store, stream: target } = this.#core;
    const reader = readerOf(this.#core, entry.stream);
    switch (outcome.kind) {
      case 'done':
        if (outcome.request) return store.completeRequest(reader, { ...outcome.request, id: entry.id, target });
        return this.#acknowledgeSoon(entry);
      case 'retry':
        return store.delay(reader, { ...outcome, id: entry.id, target }).finally(() => this.#core.wakeMover());
      case 'dead':
        return outcome.announce().then(() => store.deadLetter(reader, { ...outcome, id: entry.id, target }));
      case 'release':
        return store.releaseLeases(reader, [entry.id]).then(([owned]) => owned === true);
    }
  }

  /** Entries that end in the same tick are acknowledged by one script: one by one is several times slower. */
  #acknowledgeSoon(entry: HeldEntry): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#batch.push({ stream: entry.stream, id: entry.id, resolve, reject }) === 1)
        setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const [stream, group] of byStream(batch)) void this.#send(stream, group);
  }

  async #send(stream: string, batch: readonly Acknowledgement[]): Promise<void> {
    const ids = batch.map(({ id }) => id);
    try {
      const owned = await this.#core.store.acknowledge(readerOf(this.#core, stream), ids);
      for (const [i, { resolve }] of batch.entries()) resolve(owned[i] === true);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

/** What an outcome counts as, once Redis has it. */
function countedAs(outcome: Outcome) {
  return outcome.kind === 'done' && outcome.skipped ? 'skipped' : COUNTED[outcome.kind];
}
