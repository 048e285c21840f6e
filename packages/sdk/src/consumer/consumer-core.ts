import type { GroupReader } from '../queue/entry.js';
import type { Logger } from '../queue/logger.js';
import type { QueueStore } from '../queue/store.js';
import type { HeldEntries } from './held-entries.js';
import type { ConsumerMetrics } from './options.js';

/** What the loops of one consumer share. */
export interface ConsumerCore {
  readonly store: QueueStore;
  readonly logger: Logger;
  readonly group: string;
  readonly consumer: string;
  readonly service: string;
  /** The contract's own stream; retries and dead letters of legacy streams go here too. */
  readonly stream: string;
  /** All streams that are read. */
  readonly streams: readonly string[];
  readonly leaseMs: number;
  /** Most entries that wait or run at a time; three times as many may be on their way out. */
  readonly capacity: number;
  /** Reading begins again when no more than so many entries wait: full pages, rather than one entry at a time. */
  readonly readBelow: number;
  /** Milliseconds that stopping gives to running handlers. */
  readonly deadlineMs: number;
  readonly held: HeldEntries;
  /** Counted up by whoever does it. */
  readonly counts: Omit<ConsumerMetrics, 'running' | 'held'>;
  /** Aborted when `stop` begins: nothing new is taken in. */
  readonly stopping: AbortSignal;
  /** Aborted when `stop` runs out of time, or has nothing left to do. */
  readonly ended: AbortSignal;
  /** Starts handlers for waiting entries as far as concurrency allows. */
  pump(): void;
  /** Makes the mover look again at once. */
  wakeMover(): void;
}

/** Who reads a stream, for the scripts. */
export function readerOf(core: ConsumerCore, stream: string): GroupReader {
  return { stream, group: core.group, consumer: core.consumer };
}
