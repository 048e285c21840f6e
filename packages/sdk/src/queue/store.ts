import type { EntryFields, ErrorContext } from '@codegen/contracts';
import type { ClaimedEntry, GroupReader, StreamEntry } from './entry.js';

/** How full a queue is, as its group sees it. Ages are by the clock of the store. */
export interface QueueStats {
  stream: string;
  /** Entries in the stream: waiting and pending. */
  length: number;
  /** Not delivered to any consumer yet: the lag of the group. */
  waiting: number;
  /** Delivered and not acknowledged; also one that was deleted meanwhile, until a consumer's next sweep forgets it. */
  pending: number;
  /** Put aside for a later try. */
  delayed: number;
  deadLetters: number;
  /** Consumers that the group knows; one that died without a word is forgotten after an hour. */
  consumers: number;
  /** Milliseconds since the oldest waiting entry was added to the stream, which a retry does anew; null without one. */
  oldestWaitingMs: number | null;
  /** The same of the oldest pending entry. */
  oldestPendingMs: number | null;
}

/** How long a log may grow and live; 0 or nothing means without a limit. */
export interface LogLimits {
  readonly maxLength?: number | undefined;
  readonly expiresSeconds?: number | undefined;
}

/** An answer under a key, and the stream that carries it to whoever waits. */
export interface AnswerEntry extends LogLimits {
  readonly key: string;
  readonly ttlSeconds: number;
  readonly stream: string;
  readonly data: string;
  /** Further fields of the entry: the context of the trace that it belongs to. */
  readonly trace?: EntryFields;
}

/** An entry of a request, and for how long the queue `target` remembers the request. */
export interface RequestEntry {
  readonly id: string;
  readonly requestId: string;
  readonly target: string;
  readonly windowMs: number;
}

/** How long dead letters are kept, and how many of one stream. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxCount: number;
}

/** Reads that wait for entries; one at a time, so each loop opens its own. */
export interface WaitingReader {
  /**
   * Delivers new entries of some streams to a consumer of their group; waits up to `blockMs` for the first.
   * Fails with a group that is gone as `isGroupGone` knows it.
   */
  readNew(
    streams: readonly string[],
    by: Pick<GroupReader, 'group' | 'consumer'>,
    how: { count: number; blockMs: number },
  ): Promise<StreamEntry[]>;
  /** Entries of some streams after a position in each; waits up to `blockMs` for the first. */
  readAfter(positions: ReadonlyMap<string, string>, how: { count: number; blockMs: number }): Promise<StreamEntry[]>;
  /** Ends a waiting read at once. What was delivered to it still arrives. */
  interrupt(left: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * What queues are made of: the operations on streams, groups and delays, each of them atomic. Redis is the real one
 * (`connectQueue`); `memoryQueue` of `@codegen/sdk/testing` passes the same suite. Where an operation names a
 * `GroupReader`, it happens only while that consumer owns the entry, and says whether it did.
 */
export interface QueueStore {
  /** Whether commands are answered at the moment. */
  readonly online: boolean;
  /** Calls back whenever commands are answered again; the returned function ends that. */
  onOnline(listener: () => void): () => void;
  /** What to say once about a store that may lose what it was given: over a restart, or when it is full. */
  lossWarnings(): Promise<string[]>;

  /** Adds an entry, for every group to handle. */
  append(stream: string, fields: EntryFields): Promise<string>;
  /** Adds an entry unless one of the same request was added within `windowMs`; the id of the one that is there. */
  appendOnce(
    stream: string,
    fields: EntryFields,
    request: { requestId: string; windowMs: number },
  ): Promise<{ entryId: string; first: boolean }>;
  /** Adds to a log, trims it and lets it expire. */
  appendLog(stream: string, fields: EntryFields, limits: LogLimits): Promise<string>;
  /** Records an answer unless there is one, and adds the one that stands to its stream. */
  answerOnce(answer: AnswerEntry): Promise<{ entryId: string; data: string; first: boolean }>;
  /** The answer under a key. */
  recordedAnswer(key: string): Promise<string | undefined>;

  /** Keeps a text under a key for so long, unless one is there already; the one that is there then. */
  setIfAbsent(key: string, text: string, windowMs: number): Promise<string>;

  /** Creates stream and group where they are missing; from the stream's beginning. */
  ensureGroup(stream: string, group: string): Promise<'created' | 'there'>;
  /** Parts streams into those that one read can wait for together. */
  readTogether(streams: readonly string[]): string[][];
  openReader(): WaitingReader;
  /** Entries that are pending for this very consumer and not `known`; `takeover` counts a further delivery. */
  ownPending(
    reader: GroupReader,
    how: { known: (id: string) => boolean; limit: number; takeover: boolean },
  ): Promise<{ entries: ClaimedEntry[]; more: boolean }>;
  /** Takes over entries whose lease is older than `leaseMs`, however many younger ones lie before them. */
  claimStale(
    reader: GroupReader,
    how: { leaseMs: number; limit: number },
  ): Promise<{ entries: ClaimedEntry[]; deleted: string[] }>;
  /** Names and values of an entry, in turn, as they were written; undefined where it is gone. */
  entryBytes(stream: string, id: string): Promise<Buffer[] | undefined>;
  /** Acknowledges and deletes entries. */
  acknowledge(reader: GroupReader, ids: readonly string[]): Promise<boolean[]>;
  /**
   * Notes that a request is handled by this entry. `done`: it was completed; `busy`: another entry has begun it and is
   * still pending, whoever owns it.
   */
  beginRequest(reader: GroupReader, entry: RequestEntry): Promise<'begun' | 'done' | 'busy'>;
  /** Acknowledges and deletes an entry, and remembers that its request was completed. */
  completeRequest(reader: GroupReader, entry: RequestEntry): Promise<boolean>;
  /** Starts the leases of entries anew. */
  renewLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]>;
  /** Gives entries back, for the next sweep of any peer. */
  releaseLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]>;
  /** Counts a run of an entry that this consumer lost without dying. Needs no ownership: the entry is another's by now. */
  noteLost(reader: GroupReader, id: string): Promise<void>;
  /** How many runs of an entry were lost so. */
  lostRuns(reader: GroupReader, id: string): Promise<number>;
  /** Puts an entry aside for `delayMs`, with new fields, until it returns to the stream `target`. */
  delay(
    reader: GroupReader,
    entry: { id: string; fields: EntryFields; delayMs: number; target: string },
  ): Promise<boolean>;
  /** Puts due entries back into their stream; `nextMs`: until the next one is due. */
  moveDue(
    stream: string,
    by: { service: string; consumer: string },
    limit?: number,
  ): Promise<{ moved: number; nextMs: number | undefined }>;
  /** Copies an entry to the dead letters of `target`, then acknowledges it; when the copy fails it stays pending. */
  deadLetter(
    reader: GroupReader,
    entry: { id: string; original: EntryFields; context: ErrorContext; target: string },
  ): Promise<boolean>;
  /** Puts the entry of a dead letter back into its stream, with these fields; undefined where the letter is gone. */
  replay(stream: string, letter: { letterId: string; fields: EntryFields }): Promise<string | undefined>;
  /** Removes what every group of a stream has acknowledged, nothing where there is no group; says how many. */
  trimAcknowledged(stream: string): Promise<number>;
  /** Removes the dead letters of a stream that are too old or too many; says how many. */
  trimDeadLetters(stream: string, limits: Retention): Promise<number>;
  /** Removes dead letters of a stream; says how many of them were there. */
  deleteLetters(stream: string, ids: readonly string[]): Promise<number>;
  /** Removes one consumer, or those idle for longer than `idleMs`; never one that has pending entries. */
  forgetConsumers(
    where: { stream: string; group: string },
    which: { consumer: string } | { idleMs: number },
  ): Promise<void>;

  /** Entries with this id or a later one, oldest first. */
  range(stream: string, from: string, limit: number): Promise<StreamEntry[]>;
  /** Entries that no consumer of the group was given yet, oldest first. Takes nothing. */
  waiting(stream: string, group: string, limit: number): Promise<StreamEntry[]>;
  /** The newest entries, oldest of them first. */
  newest(stream: string, limit: number): Promise<StreamEntry[]>;
  /** Names of the streams that there are and that fit a pattern, in which `*` stands for anything; in order. */
  streamsLike(pattern: string): Promise<string[]>;
  /** What time it is for the store, in milliseconds since the epoch. */
  nowMs(): Promise<number>;
  /** The id of the newest entry that a stream ever had; `0-0` where there is no such stream. */
  currentPosition(stream: string): Promise<string>;
  stats(stream: string, group: string | undefined): Promise<QueueStats>;
  close(): Promise<void>;
}
