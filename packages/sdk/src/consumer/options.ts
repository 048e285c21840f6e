import type { MessageOf, QueueContract } from '@codegen/contracts';
import type { Remembered } from '../queue/idempotency.js';
import type { Logger } from '../queue/logger.js';
import type { ProgressEventInput } from '../queue/progress.js';
import type { QueueStats, QueueStore, Retention } from '../queue/store.js';
import type { Durations } from './durations.js';
import type { RetryPolicies } from './retry-policy.js';

/** What a consumer tidies up in its own queue, and how often. */
export interface Housekeeping {
  /** Milliseconds between two rounds, give or take a quarter; 10 minutes by default. */
  everyMs?: number;
  /** Which dead letters are kept; by default those of 30 days, 10,000 at most. */
  deadLetters?: Partial<Retention>;
  /** Milliseconds until a consumer that is not seen and has nothing pending is removed; an hour by default. */
  forgetConsumersAfterMs?: number;
}

/** What a handler gets beside its message. */
export interface HandlerContext {
  readonly entryId: string;
  /** 1 on the first try. A takeover after a crash does not count; one after a loop that stood still does. */
  readonly attempt: number;
  /** Aborted when the lease was lost (another consumer has the message) or when `stop` ran out of time. */
  readonly signal: AbortSignal;
  /** Where the message came from; publish what follows from it here. */
  readonly queue: QueueStore;
  /** Says correlation_id, entry_id and stream in every line. */
  readonly logger: Logger;
  readonly stream: string;
  /**
   * Tells whoever follows the message's task how far it is, in `task:events` and its `callback_stream`. May be dropped;
   * never fails.
   */
  progress(text: string, fields?: ProgressFields): Promise<void>;
}

/** What an event of progress says beside its text. */
export type ProgressFields = Omit<Partial<ProgressEventInput>, 'type' | 'request_id' | 'task_id' | 'message'>;

/** Why a message goes to the dead-letter stream. */
export interface DeadLetter {
  readonly code: string;
  readonly error: string;
  readonly errorType: string;
  readonly attempts: number;
  readonly entryId: string;
  readonly requestId?: string;
  readonly correlationId?: string;
  /** What the handler threw. */
  readonly cause?: unknown;
}

export interface ConsumerOptions<C extends QueueContract> {
  /** Where the queue is, as `connectQueue` takes it; the consumer connects by itself. */
  redisUrl?: string;
  /** Instead of `redisUrl`: queues that are connected already, and stay so. */
  queue?: QueueStore;
  contract: C;
  params?: Record<string, string>;
  /** Unique per process: two consumers of one name would share their leases. */
  consumer: string;
  /** Name of the service, for dead letters. */
  service: string;
  /** Returning acknowledges; PermanentError dead-letters; FatalError stops the consumer; anything else retries. */
  handler: (message: MessageOf<C>, context: HandlerContext) => Promise<void>;
  /** Called before a message is dead-lettered, so that whoever waits gets a failure. Undefined: it could not be read. */
  onDeadLetter?: (message: MessageOf<C> | undefined, reason: DeadLetter) => Promise<void>;
  /** Handlers at a time; 1 by default. */
  concurrency?: number;
  /** Entries held at a time, running or not; as many as `concurrency` by default. */
  prefetch?: number;
  /** Milliseconds after which the messages of a dead consumer are taken over; 30,000 by default. */
  leaseMs?: number | undefined;
  retry?: RetryPolicies | undefined;
  /** Takeovers of one message until it counts as one that kills its consumers; 10 by default. */
  maxTakeovers?: number;
  /** Whether the contract's legacy streams are read too; true by default. */
  readLegacy?: boolean;
  /**
   * One effect per `request_id`: an entry whose request was completed within the window is acknowledged without calling
   * the handler, and one whose request is being handled waits for its end. Off by default; costs a script per message.
   */
  idempotency?: Remembered;
  /** Removal of what is done with, about every 10 minutes; false turns it off. */
  housekeeping?: Housekeeping | false;
  logger?: Logger;
  /** Milliseconds that `stop` gives to running handlers; 10,000 by default. */
  deadlineMs?: number;
}

/** A service that runs in this process. */
export interface RunningService {
  stop(): Promise<void>;
}

/** What one consumer has done since it started, and what it has in hand. */
export interface ConsumerMetrics {
  /** Messages whose handler returned and whose entry this consumer then acknowledged. */
  handled: number;
  /** Messages whose request had been completed before (`idempotency`): acknowledged without calling the handler. */
  skipped: number;
  /** Times that a handler threw, whatever became of the message; not those that were aborted. */
  failed: number;
  /** Messages put aside for a later try. */
  retried: number;
  /** Messages moved to the dead-letter stream, also those that could not be read. */
  deadLettered: number;
  /** Messages given back to the peers, unfinished or not begun. */
  released: number;
  /** Messages taken over from a consumer that died, or from an earlier process of this name. */
  takenOver: number;
  /** Outcomes that Redis refused, as the lease was lost: another consumer has the message, or it is gone. */
  refused: number;
  /** Handlers that run now. */
  running: number;
  /** Messages held now: waiting for a handler, running, or on their way out. */
  held: number;
}

export interface RunningConsumer extends RunningService {
  /** The stream that it reads, and adds retries to. */
  readonly stream: string;
  /** Counts since the start; costs nothing to ask for. */
  metrics(): ConsumerMetrics;
  /** How long handling took since the start. */
  durations(): Durations;
  /** How full its queue is. @throws where Redis does not answer */
  stats(): Promise<QueueStats>;
  /** The group is there and reading has begun; waits for Redis as long as it takes. */
  readonly ready: Promise<void>;
  /** Resolves when the consumer has stopped; rejects with the FatalError that stopped it. */
  readonly done: Promise<void>;
  /** Reads no more, lets running handlers end within the deadline, then aborts them. What is unfinished goes to peers. */
  stop(): Promise<void>;
}
