import { deadLetterStream, type EntryFields } from '@codegen/contracts';
import type { ClaimedEntry, GroupReader, StreamEntry } from '../queue/entry.js';
import { compareEntryIds, partsOf } from '../queue/entry-id.js';
import type {
  AnswerEntry,
  LogLimits,
  QueueStats,
  QueueStore,
  RequestEntry,
  Retention,
  WaitingReader,
} from '../queue/store.js';
import { MemoryReader } from './memory-reader.js';
import { MemoryStream } from './memory-stream.js';

interface Delayed {
  readonly dueMs: number;
  readonly fields: EntryFields;
}

/** Longer ago than any lease: what was released is stale at once. */
const RELEASED = Number.NEGATIVE_INFINITY;

/**
 * Queues in this process's memory, for tests: nothing to install, nothing to clean up. Behaves as queues on Redis do;
 * both pass the cases of `queueConformance`. Give it to `publish`, and to `runConsumer` as `queue`.
 */
export class MemoryQueue implements QueueStore {
  readonly online = true;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #delayed = new Map<string, Delayed[]>();
  readonly #answers = new Map<string, { data: string; untilMs: number }>();
  readonly #requests = new Map<string, { text: string; untilMs: number }>();
  readonly #lost = new Map<string, number>();
  readonly #expiry = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  /** Loses everything, as FLUSHALL does. */
  clear(): void {
    for (const map of [this.#streams, this.#delayed, this.#answers, this.#requests, this.#lost, this.#expiry]) {
      map.clear();
    }
    this.#wake();
  }

  /** All entries of a stream, oldest first. */
  entries(stream: string): StreamEntry[] {
    return this.#stream(stream)?.after('0-0', Number.POSITIVE_INFINITY) ?? [];
  }

  onOnline(): () => void {
    return () => undefined;
  }

  async lossWarnings(): Promise<string[]> {
    return [];
  }

  async append(stream: string, fields: EntryFields): Promise<string> {
    const id = this.#streamOrNew(stream).add(fields, Date.now());
    this.#wake();
    return id;
  }

  async appendOnce(
    stream: string,
    fields: EntryFields,
    { requestId, windowMs }: { requestId: string; windowMs: number },
  ): Promise<{ entryId: string; first: boolean }> {
    const key = `${stream} published ${requestId}`;
    const before = this.#requestRecord(key);
    if (before !== undefined) return { entryId: before, first: false };
    const entryId = this.#streamOrNew(stream).add(fields, Date.now());
    this.#requests.set(key, { text: entryId, untilMs: Date.now() + windowMs });
    this.#wake();
    return { entryId, first: true };
  }

  async appendLog(stream: string, fields: EntryFields, { maxLength, expiresSeconds }: LogLimits): Promise<string> {
    const id = await this.append(stream, fields);
    const { entries } = this.#streamOrNew(stream);
    for (const oldest of entries.keys()) {
      if (!maxLength || entries.size <= maxLength) break;
      entries.delete(oldest);
    }
    if (expiresSeconds) this.#expiry.set(stream, Date.now() + expiresSeconds * 1000);
    return id;
  }

  async answerOnce({ key, ttlSeconds, stream, data, trace, ...limits }: AnswerEntry) {
    const standing = await this.recordedAnswer(key);
    if (standing === undefined) this.#answers.set(key, { data, untilMs: Date.now() + ttlSeconds * 1000 });
    const entryId = await this.appendLog(stream, { data: standing ?? data, ...trace }, limits);
    return { entryId, data: standing ?? data, first: standing === undefined };
  }

  async recordedAnswer(key: string): Promise<string | undefined> {
    const answer = this.#answers.get(key);
    return answer && answer.untilMs > Date.now() ? answer.data : undefined;
  }

  async setIfAbsent(key: string, text: string, windowMs: number): Promise<string> {
    const before = this.#requestRecord(key);
    if (before !== undefined) return before;
    this.#requests.set(key, { text, untilMs: Date.now() + windowMs });
    return text;
  }

  async ensureGroup(stream: string, group: string): Promise<'created' | 'there'> {
    const { groups } = this.#streamOrNew(stream);
    if (groups.has(group)) return 'there';
    groups.set(group, { lastDelivered: '0-0', pending: new Map(), consumers: new Map() });
    return 'created';
  }

  readTogether(streams: readonly string[]): string[][] {
    return [[...streams]];
  }

  openReader(): WaitingReader {
    return new MemoryReader({
      deliver: (stream, group, consumer, count) =>
        (this.#stream(stream) ?? new MemoryStream(stream)).deliver(group, consumer, count, Date.now()),
      after: (stream, position, count) => this.#stream(stream)?.after(position, count) ?? [],
      onChange: (wake) => {
        this.#waiting.add(wake);
        return () => this.#waiting.delete(wake);
      },
    });
  }

  async ownPending(
    { stream, group, consumer }: GroupReader,
    { known, limit, takeover }: { known: (id: string) => boolean; limit: number; takeover: boolean },
  ): Promise<{ entries: ClaimedEntry[]; more: boolean }> {
    const own = this.#streamWith(stream, group);
    const ids = [...own.group(group).pending]
      .filter(([id, pending]) => pending.consumer === consumer && !known(id))
      .map(([id]) => id);
    const entries = ids
      .slice(0, limit)
      .map((id) => own.lease(group, consumer, id, { nowMs: Date.now(), counts: takeover }))
      .filter((entry) => entry !== undefined);
    return { entries, more: ids.length > limit };
  }

  async claimStale(
    { stream, group, consumer }: GroupReader,
    { leaseMs, limit }: { leaseMs: number; limit: number },
  ): Promise<{ entries: ClaimedEntry[]; deleted: string[] }> {
    const nowMs = Date.now();
    const own = this.#streamWith(stream, group);
    const entries: ClaimedEntry[] = [];
    const deleted: string[] = [];
    for (const [id, pending] of [...own.group(group).pending]) {
      if (entries.length >= limit) break;
      if (nowMs - pending.sinceMs < leaseMs) continue;
      const entry = own.lease(group, consumer, id, { nowMs, counts: true });
      if (entry) entries.push(entry);
      else deleted.push(id);
    }
    return { entries, deleted };
  }

  async entryBytes(stream: string, id: string): Promise<Buffer[] | undefined> {
    const fields = this.#stream(stream)?.entries.get(id);
    return fields && Object.entries(fields).flatMap((pair) => pair.map((text) => Buffer.from(text)));
  }

  async acknowledge(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) => this.#whileOwned(reader, id, (stream) => stream.remove(reader.group, id)));
  }

  async beginRequest(
    { stream, group }: GroupReader,
    { id, requestId, target }: RequestEntry,
  ): Promise<'begun' | 'done' | 'busy'> {
    const key = `${target} handled ${requestId}`;
    const standing = this.#requestRecord(key) ?? '';
    if (standing === 'done') return 'done';
    const [otherStream = '', otherId = ''] = standing.split(' ');
    const isPending = this.#stream(otherStream)?.groups.get(group)?.pending.has(otherId) === true;
    if (isPending && standing !== `${stream} ${id}`) return 'busy';
    this.#requests.set(key, { text: `${stream} ${id}`, untilMs: Number.POSITIVE_INFINITY });
    return 'begun';
  }

  async completeRequest(reader: GroupReader, { id, requestId, target, windowMs }: RequestEntry): Promise<boolean> {
    return this.#whileOwned(reader, id, (stream) => {
      this.#requests.set(`${target} handled ${requestId}`, { text: 'done', untilMs: Date.now() + windowMs });
      stream.remove(reader.group, id);
    });
  }

  #requestRecord(key: string): string | undefined {
    const record = this.#requests.get(key);
    return record && record.untilMs > Date.now() ? record.text : undefined;
  }

  async renewLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) =>
      this.#whileOwned(reader, id, (_, pending) => Object.assign(pending, { sinceMs: Date.now() })),
    );
  }

  async releaseLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) =>
      this.#whileOwned(reader, id, (_, pending) =>
        Object.assign(pending, { sinceMs: RELEASED, deliveries: Math.max(0, pending.deliveries - 1) }),
      ),
    );
  }

  async noteLost({ stream, group }: GroupReader, id: string): Promise<void> {
    const key = `${stream} ${group} ${id}`;
    this.#lost.set(key, (this.#lost.get(key) ?? 0) + 1);
  }

  async lostRuns({ stream, group }: GroupReader, id: string): Promise<number> {
    return this.#lost.get(`${stream} ${group} ${id}`) ?? 0;
  }

  async delay(
    reader: GroupReader,
    { id, fields, delayMs, target }: { id: string; fields: EntryFields; delayMs: number; target: string },
  ): Promise<boolean> {
    return this.#whileOwned(reader, id, (stream) => {
      const waiting = [...(this.#delayed.get(target) ?? []), { dueMs: Date.now() + delayMs, fields: { ...fields } }];
      this.#delayed.set(
        target,
        waiting.sort((a, b) => a.dueMs - b.dueMs),
      );
      stream.remove(reader.group, id);
    });
  }

  async moveDue(stream: string, _by: { service: string; consumer: string }, limit = 100) {
    const waiting = this.#delayed.get(stream) ?? [];
    const due = waiting.filter(({ dueMs }) => dueMs <= Date.now()).slice(0, limit);
    const rest = waiting.slice(due.length);
    this.#delayed.set(stream, rest);
    for (const { fields } of due) await this.append(stream, fields);
    return { moved: due.length, nextMs: rest[0] ? Math.max(0, rest[0].dueMs - Date.now()) : undefined };
  }

  async deadLetter(
    reader: GroupReader,
    { id, original, context, target }: Parameters<QueueStore['deadLetter']>[1],
  ): Promise<boolean> {
    return this.#whileOwned(reader, id, (stream) => {
      const letter = { original_message: JSON.stringify(original), error_context: JSON.stringify(context) };
      this.#streamOrNew(deadLetterStream(target)).add(letter, Date.now());
      stream.remove(reader.group, id);
    });
  }

  async replay(stream: string, { letterId, fields }: { letterId: string; fields: EntryFields }) {
    const letters = this.#stream(deadLetterStream(stream));
    return letters?.entries.delete(letterId) ? this.append(stream, fields) : undefined;
  }

  async trimAcknowledged(stream: string): Promise<number> {
    return this.#stream(stream)?.trimAcknowledged() ?? 0;
  }

  async trimDeadLetters(stream: string, { maxAgeMs, maxCount }: Retention): Promise<number> {
    const entries = this.#stream(deadLetterStream(stream))?.entries ?? new Map();
    const before = entries.size;
    for (const id of [...entries.keys()]) {
      if (entries.size > maxCount || partsOf(id)[0] < Date.now() - maxAgeMs) entries.delete(id);
    }
    return before - entries.size;
  }

  async deleteLetters(stream: string, ids: readonly string[]): Promise<number> {
    const letters = this.#stream(deadLetterStream(stream))?.entries;
    return ids.filter((id) => letters?.delete(id)).length;
  }

  async forgetConsumers(
    { stream, group }: { stream: string; group: string },
    which: { consumer: string } | { idleMs: number },
  ): Promise<void> {
    const known = this.#stream(stream)?.groups.get(group);
    for (const [name, seenMs] of known?.consumers ?? []) {
      const wanted = 'consumer' in which ? name === which.consumer : Date.now() - seenMs > which.idleMs;
      const hasPending = [...(known?.pending.values() ?? [])].some(({ consumer }) => consumer === name);
      if (wanted && !hasPending) known?.consumers.delete(name);
    }
  }

  async range(stream: string, from: string, limit: number): Promise<StreamEntry[]> {
    return this.entries(stream)
      .filter(({ id }) => compareEntryIds(id, from) >= 0)
      .slice(0, limit);
  }

  async waiting(stream: string, group: string, limit: number): Promise<StreamEntry[]> {
    const found = this.#stream(stream);
    return found?.after(found.groups.get(group)?.lastDelivered ?? '0-0', limit) ?? [];
  }

  async newest(stream: string, limit: number): Promise<StreamEntry[]> {
    return this.entries(stream).slice(-limit);
  }

  async streamsLike(pattern: string): Promise<string[]> {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const fits = new RegExp(`^${parts.join('.*')}$`);
    return [...this.#streams.keys()].filter((name) => this.#stream(name) && fits.test(name)).sort();
  }

  async nowMs(): Promise<number> {
    return Date.now();
  }

  async currentPosition(stream: string): Promise<string> {
    return this.#stream(stream)?.lastId ?? '0-0';
  }

  async stats(name: string, group: string | undefined): Promise<QueueStats> {
    const stream = this.#stream(name) ?? new MemoryStream(name);
    const { lastDelivered = '0-0', pending, consumers } = stream.groups.get(group ?? '') ?? {};
    const waiting = stream.after(lastDelivered, Number.POSITIVE_INFINITY);
    const ageMs = (id: string | undefined) =>
      id === undefined ? null : Math.max(0, Date.now() - Number.parseInt(id, 10));
    return {
      stream: name,
      length: stream.entries.size,
      waiting: waiting.length,
      pending: pending?.size ?? 0,
      delayed: this.#delayed.get(name)?.length ?? 0,
      deadLetters: this.#stream(deadLetterStream(name))?.entries.size ?? 0,
      consumers: consumers?.size ?? 0,
      oldestWaitingMs: ageMs(waiting[0]?.id),
      oldestPendingMs: ageMs([...(pending?.keys() ?? [])].sort(compareEntryIds)[0]),
    };
  }

  async close(): Promise<void> {}

  #stream(name: string): MemoryStream | undefined {
    const untilMs = this.#expiry.get(name);
    if (untilMs !== undefined && untilMs <= Date.now()) {
      this.#expiry.delete(name);
      this.#streams.delete(name);
    }
    return this.#streams.get(name);
  }

  #streamOrNew(name: string): MemoryStream {
    const stream = this.#stream(name) ?? new MemoryStream(name);
    this.#streams.set(name, stream);
    return stream;
  }

  /** The stream, where the group exists; throws as Redis does otherwise. */
  #streamWith(name: string, group: string): MemoryStream {
    const stream = this.#stream(name) ?? new MemoryStream(name);
    stream.group(group);
    return stream;
  }

  #whileOwned(
    { stream: name, group, consumer }: GroupReader,
    id: string,
    work: (stream: MemoryStream, pending: { sinceMs: number; deliveries: number }) => void,
  ): boolean {
    const stream = this.#stream(name);
    const pending = stream?.pendingOf(group, consumer, id);
    if (!stream || !pending) return false;
    work(stream, pending);
    return true;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** New, empty queues in memory. */
export function memoryQueue(): MemoryQueue {
  return new MemoryQueue();
}
