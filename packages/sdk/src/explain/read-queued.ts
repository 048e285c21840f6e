import {
  deadLetterStream,
  decodeEntry,
  parseJson,
  type QueueContract,
  queues,
  streamName,
  workerInputs,
} from '@codegen/contracts';
import { redactMessage } from '../admin/queue-entry.js';
import { toDeadLetterEntry } from '../queue/dead-letter.js';
import { delayedKey } from '../queue/delay.js';
import { fieldsOf } from '../queue/entry.js';
import type { RedisClient } from '../queue/redis-client.js';
import { onRedis } from '../queue/redis-errors.js';
import type { QueuedMessage } from './evidence.js';

/** Most entries to read of a stream, oldest first. */
const MOST_ENTRIES = 10_000;
const PAGE = 1000;

/** The task whose messages to find. */
export interface Subject {
  taskId: string;
  correlationId: string;
  requestIds: ReadonlySet<string>;
  workerIds: readonly string[];
}

/**
 * The messages of a task that are still in Redis. Handled messages are gone; their events remain.
 * `cut`: streams that were too long to read to the end.
 * @throws OrchestratorError REDIS_UNAVAILABLE, UNAUTHENTICATED
 */
export function readQueued(
  redis: RedisClient,
  subject: Subject,
): Promise<{ messages: QueuedMessage[]; cut: string[] }> {
  return onRedis('reading the queues', async () => {
    const reader = new Reader(redis, subject, await timeMs(redis));
    const works = queues.filter((queue: QueueContract) => queue.kind === 'work' && !queue.stream.includes('{'));
    await Promise.all([
      ...works.map((queue) => reader.read(queue, queue.stream)),
      ...subject.workerIds.map((worker_id) =>
        reader.read(workerInputs, streamName(workerInputs, { type: 'developer', worker_id })),
      ),
    ]);
    return reader;
  });
}

class Reader {
  readonly messages: QueuedMessage[] = [];
  readonly cut: string[] = [];
  readonly #names: readonly string[];

  constructor(
    private readonly redis: RedisClient,
    private readonly subject: Subject,
    private readonly nowMs: number,
  ) {
    this.#names = [subject.taskId, subject.correlationId, ...subject.requestIds];
  }

  async read(contract: QueueContract, stream: string): Promise<void> {
    await Promise.all([
      this.#readStream(contract, stream),
      this.#readDelayed(contract, stream),
      this.#readDead(contract, stream),
    ]);
  }

  async #readStream(contract: QueueContract, stream: string): Promise<void> {
    for await (const [id, flat] of this.#walk(stream)) {
      const requestId = this.#ours(contract, flat);
      if (requestId === false) continue;
      const delivery = await this.#delivery(stream, contract.group as string, id);
      this.messages.push({ ...this.#about(contract, stream, id, requestId), ...delivery });
    }
  }

  async #readDelayed(contract: QueueContract, stream: string): Promise<void> {
    const members = await this.redis.zrangebyscore(
      delayedKey(stream),
      '-inf',
      '+inf',
      'WITHSCORES',
      'LIMIT',
      0,
      MOST_ENTRIES,
    );
    for (let at = 0; at + 1 < members.length; at += 2) {
      const parsed = parseJson(members[at] as string);
      const { id, fields } = (parsed.ok ? parsed.value : {}) as { id?: unknown; fields?: unknown };
      if (!Array.isArray(fields)) continue;
      const requestId = this.#ours(contract, fields.map(String));
      if (requestId === false) continue;
      const entryId = String(id).split(' ').at(-1) ?? '';
      const dueInMs = Math.max(0, Number(members[at + 1]) - this.nowMs);
      this.messages.push({ ...this.#about(contract, stream, entryId, requestId), state: 'delayed', dueInMs });
    }
  }

  async #readDead(contract: QueueContract, stream: string): Promise<void> {
    for await (const [entryId, flat] of this.#walk(deadLetterStream(stream))) {
      const { original, context } = toDeadLetterEntry(contract, { stream, id: entryId, fields: fieldsOf(flat) });
      const requestId = this.#ours(contract, Object.entries(original ?? {}).flat());
      if (requestId === false && context.correlation_id !== this.subject.correlationId) continue;
      const about = this.#about(contract, stream, entryId, requestId || undefined);
      const why = {
        ...(context.error !== undefined && { error: redactMessage(context.error) as string }),
        ...(context.code && { code: context.code }),
      };
      this.messages.push({ ...about, state: 'dead', ...why });
    }
  }

  #about(contract: QueueContract, stream: string, entryId: string, requestId: string | undefined) {
    const ageMs = Math.max(0, this.nowMs - (Number(entryId.split('-')[0]) || this.nowMs));
    return { stream, entryId, model: contract.model, requestId, ageMs };
  }

  /** False if an entry is not about the task; else its request id, if it can be read. */
  #ours(contract: QueueContract, flat: readonly string[]): string | undefined | false {
    // Decoding costs time, and most entries are about other tasks.
    if (!flat.some((text) => this.#names.some((name) => text.includes(name)))) return false;
    const decoded = decodeEntry(contract, fieldsOf(flat));
    if (!decoded.ok) return decoded.requestId;
    const message = decoded.message as {
      task_id?: string | null;
      context?: Record<string, string>;
      correlation_id?: string;
      request_id?: string;
    };
    const taskId = message.task_id ?? message.context?.task_id;
    const { taskId: mine, correlationId, requestIds } = this.subject;
    const byCall = message.correlation_id === correlationId || requestIds.has(message.request_id ?? '');
    return (taskId ? taskId === mine : byCall) ? message.request_id : false;
  }

  async #delivery(
    stream: string,
    group: string,
    id: string,
  ): Promise<Pick<QueuedMessage, 'state' | 'consumer' | 'deliveries'>> {
    const found = await this.redis.xpending(stream, group, id, id, 1).catch((error: Error) => {
      if (/NOGROUP/.test(error.message)) return [];
      throw error;
    });
    const [pending] = found as [string, string, number, number][];
    if (!pending) return { state: 'waiting' };
    const [, consumer, , deliveries] = pending;
    return { state: 'pending', consumer, deliveries };
  }

  async *#walk(stream: string): AsyncGenerator<[string, string[]]> {
    let from = '-';
    for (let seen = 0; seen < MOST_ENTRIES; seen += PAGE) {
      const page = await this.redis.xrange(stream, from, '+', 'COUNT', PAGE);
      yield* page;
      const last = page.at(-1)?.[0];
      if (page.length < PAGE || last === undefined) return;
      from = `(${last}`;
    }
    this.cut.push(stream);
  }
}

async function timeMs(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}
