import { deadLetterStream, type EntryFields } from '@codegen/contracts';
import { acknowledge, releaseLeases, renewLeases } from './acknowledge.js';
import { appendBatched } from './append-batched.js';
import { appendOnce } from './append-once.js';
import { claimStale, ownPending } from './claim-stale.js';
import { closeRedis, dropRedis } from './connect.js';
import { delayEntry, moveDue } from './delay.js';
import { fieldsOf, flatFields, type GroupReader, type StreamEntry } from './entry.js';
import { ensureGroup, forgetConsumers } from './group.js';
import { newestEntries, streamsLike, waitingEntries } from './inspect.js';
import { lostRuns, noteLost } from './lost-runs.js';
import { answerOnceScript } from './lua/answer-once.js';
import { appendLogScript } from './lua/append-log.js';
import { deadLetterEntry, replayLetter } from './move-dead-letter.js';
import { isCluster, type RedisClient } from './redis-client.js';
import { RedisReader } from './redis-reader.js';
import { redisStats } from './redis-stats.js';
import { beginRequest, completeRequest } from './request-record.js';
import { runScript } from './script.js';
import type { AnswerEntry, LogLimits, QueueStore, RequestEntry, Retention, WaitingReader } from './store.js';
import { trimAcknowledgedIn, trimDeadLettersOf } from './trim.js';

/** Queues on Redis: one server, the master behind Sentinels, or a Cluster. */
export class RedisStore implements QueueStore {
  readonly redis: RedisClient;
  readonly #name: string;
  #readers = 0;

  /** `name` is what CLIENT LIST shows; one per process and purpose, so that a blocked read can be found by it. */
  constructor(redis: RedisClient, name: string) {
    this.redis = redis;
    this.#name = name;
    // Every consumer that shares this connection listens for its return.
    redis.setMaxListeners(0);
  }

  get online(): boolean {
    return this.redis.status === 'ready';
  }

  onOnline(listener: () => void): () => void {
    this.redis.on('ready', listener);
    return () => this.redis.off('ready', listener);
  }

  async lossWarnings(): Promise<string[]> {
    // Where INFO is not allowed, there is nothing to say.
    const info = (section: string) => this.redis.info(section).catch(() => '');
    const warnings: string[] = [];
    if (/aof_enabled:0/.test(await info('persistence'))) {
      warnings.push(
        `${this.#place()} runs without appendonly: a restart loses every waiting message. Set appendonly yes.`,
      );
    }
    const policy = /maxmemory_policy:(\S+)/.exec(await info('memory'))?.[1] ?? 'noeviction';
    if (policy !== 'noeviction') {
      warnings.push(
        `${this.#place()} drops keys when it is full (maxmemory-policy ${policy}): queues and answers may go without a word. Set maxmemory-policy noeviction.`,
      );
    }
    return warnings;
  }

  #place(): string {
    if (isCluster(this.redis)) return 'The Redis Cluster';
    const { host, port, path } = this.redis.options;
    return `Redis on ${path ?? `${host}:${port}`}`;
  }

  append(stream: string, fields: EntryFields): Promise<string> {
    return appendBatched(this.redis, stream, fields);
  }

  appendOnce(stream: string, fields: EntryFields, request: { requestId: string; windowMs: number }) {
    return appendOnce(this.redis, stream, fields, request);
  }

  async appendLog(stream: string, fields: EntryFields, { maxLength, expiresSeconds }: LogLimits): Promise<string> {
    const args = [maxLength ?? 0, expiresSeconds ?? 0, ...flatFields(fields)];
    return (await runScript(this.redis, appendLogScript, [stream], args)) as string;
  }

  async answerOnce(answer: AnswerEntry): Promise<{ entryId: string; data: string; first: boolean }> {
    const { key, ttlSeconds, stream, data, trace = {}, maxLength, expiresSeconds } = answer;
    if (isCluster(this.redis)) return this.#answerInTwoSteps(answer);
    const args = [ttlSeconds, maxLength ?? 0, expiresSeconds ?? 0, data, ...flatFields(trace)];
    const reply = (await runScript(this.redis, answerOnceScript, [key, stream], args)) as [string, string, number];
    return { entryId: reply[0], data: reply[1], first: reply[2] === 1 };
  }

  /** Dying in between leaves a record without its entry: whoever answers again adds it. */
  async #answerInTwoSteps(answer: AnswerEntry): Promise<{ entryId: string; data: string; first: boolean }> {
    const { key, ttlSeconds, stream, data, trace } = answer;
    const before = await this.redis.set(key, data, 'EX', ttlSeconds, 'NX', 'GET');
    const standing = before ?? data;
    const entryId = await this.appendLog(stream, { data: standing, ...trace }, answer);
    return { entryId, data: standing, first: before === null };
  }

  async recordedAnswer(key: string): Promise<string | undefined> {
    return (await this.redis.get(key)) ?? undefined;
  }

  async setIfAbsent(key: string, text: string, windowMs: number): Promise<string> {
    if (await this.redis.set(key, text, 'PX', windowMs, 'NX')) return text;
    return (await this.redis.get(key)) ?? text;
  }

  ensureGroup(stream: string, group: string): Promise<'created' | 'there'> {
    return ensureGroup(this.redis, stream, group);
  }

  readTogether(streams: readonly string[]): string[][] {
    return isCluster(this.redis) ? streams.map((stream) => [stream]) : [[...streams]];
  }

  openReader(): WaitingReader {
    this.#readers += 1;
    return new RedisReader(this.redis, `${this.#name}:reader-${this.#readers}`);
  }

  ownPending(reader: GroupReader, how: Parameters<QueueStore['ownPending']>[1]) {
    return ownPending(this.redis, reader, how);
  }

  claimStale(reader: GroupReader, how: { leaseMs: number; limit: number }) {
    return claimStale(this.redis, reader, how);
  }

  async entryBytes(stream: string, id: string): Promise<Buffer[] | undefined> {
    const [entry] = await this.redis.xrangeBuffer(stream, id, id);
    return entry?.[1];
  }

  acknowledge(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return acknowledge(this.redis, reader, ids);
  }

  beginRequest(reader: GroupReader, entry: RequestEntry): Promise<'begun' | 'done' | 'busy'> {
    return beginRequest(this.redis, reader, entry);
  }

  completeRequest(reader: GroupReader, entry: RequestEntry): Promise<boolean> {
    return completeRequest(this.redis, reader, entry);
  }

  renewLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return renewLeases(this.redis, reader, ids);
  }

  releaseLeases(reader: GroupReader, ids: readonly string[]): Promise<boolean[]> {
    return releaseLeases(this.redis, reader, ids);
  }

  noteLost(reader: GroupReader, id: string): Promise<void> {
    return noteLost(this.redis, reader, id);
  }

  lostRuns(reader: GroupReader, id: string): Promise<number> {
    return lostRuns(this.redis, reader, id);
  }

  delay(reader: GroupReader, entry: Parameters<QueueStore['delay']>[1]): Promise<boolean> {
    return delayEntry(this.redis, reader, entry);
  }

  moveDue(stream: string, by: { service: string; consumer: string }, limit?: number) {
    return moveDue(this.redis, stream, by, limit);
  }

  deadLetter(reader: GroupReader, entry: Parameters<QueueStore['deadLetter']>[1]): Promise<boolean> {
    return deadLetterEntry(this.redis, reader, entry);
  }

  replay(stream: string, letter: { letterId: string; fields: EntryFields }): Promise<string | undefined> {
    return replayLetter(this.redis, stream, letter);
  }

  trimAcknowledged(stream: string): Promise<number> {
    return trimAcknowledgedIn(this.redis, stream);
  }

  trimDeadLetters(stream: string, limits: Retention): Promise<number> {
    return trimDeadLettersOf(this.redis, stream, limits);
  }

  async deleteLetters(stream: string, ids: readonly string[]): Promise<number> {
    return ids.length === 0 ? 0 : await this.redis.xdel(deadLetterStream(stream), ...ids);
  }

  forgetConsumers(where: { stream: string; group: string }, which: Parameters<QueueStore['forgetConsumers']>[1]) {
    return forgetConsumers(this.redis, where, which);
  }

  async range(stream: string, from: string, limit: number): Promise<StreamEntry[]> {
    const found = await this.redis.xrange(stream, from, '+', 'COUNT', limit);
    return found.map(([id, flat]) => ({ stream, id, fields: fieldsOf(flat) }));
  }

  waiting(stream: string, group: string, limit: number): Promise<StreamEntry[]> {
    return waitingEntries(this.redis, stream, group, limit);
  }

  newest(stream: string, limit: number): Promise<StreamEntry[]> {
    return newestEntries(this.redis, stream, limit);
  }

  streamsLike(pattern: string): Promise<string[]> {
    return streamsLike(this.redis, pattern);
  }

  async nowMs(): Promise<number> {
    const server = isCluster(this.redis) ? this.redis.nodes('master')[0] : this.redis;
    const [seconds = 0, micros = 0] = (await server?.time()) ?? [];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }

  async currentPosition(stream: string): Promise<string> {
    try {
      const info = (await this.redis.xinfo('STREAM', stream)) as unknown[];
      return String(info[info.indexOf('last-generated-id') + 1]);
    } catch (error) {
      if (error instanceof Error && /no such key/i.test(error.message)) return '0-0';
      throw error;
    }
  }

  stats(stream: string, group: string | undefined) {
    return redisStats(this.redis, stream, group);
  }

  /** Ends the connection at once, whatever was asked of it. */
  drop(): void {
    dropRedis(this.redis);
  }

  close(): Promise<void> {
    return closeRedis(this.redis);
  }
}
