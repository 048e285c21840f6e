import type { ErrorContext } from '@codegen/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seed } from '../../../../tests/support/seed.js';
import { connectQueue, type QueueStore } from '../../src/queue/index.js';
import { memoryQueue } from '../../src/testing/index.js';
import { type Bench, openBench } from '../bench.js';

const FAR_MS = 3_600_000;
const by = { service: 'test', consumer: 'mover' };
const context: ErrorContext = {
  error: 'no',
  error_type: 'Error',
  code: 'permanent',
  timestamp: '2026-01-10T12:00:00Z',
  service: 'test',
  consumer: 'a',
  attempts: 1,
  entry_id: '0-0',
  correlation_id: null,
};

type Operation =
  | { do: 'append'; requestId: string }
  | { do: 'appendOnce'; requestId: string }
  | { do: 'ensureGroup'; group: string }
  | { do: 'read'; group: string; consumer: string; count: number }
  | { do: 'own'; group: string; consumer: string; count: number; takeover: boolean }
  | { do: 'claim'; group: string; consumer: string; count: number }
  | { do: 'forget'; group: string; consumer: string }
  | { do: 'acknowledge' | 'renew' | 'release' | 'delay' | 'deadLetter'; group: string; consumer: string; entry: number }
  | { do: 'begin' | 'complete'; group: string; consumer: string; entry: number; requestId: string }
  | { do: 'replay'; entry: number }
  | { do: 'moveDue' | 'trimAcknowledged' | 'range' | 'stats' }
  | { do: 'trimDeadLetters'; maxCount: number };

const group = fc.constantFrom('workers', 'others');
const consumer = fc.constantFrom('a', 'b');
const count = fc.integer({ min: 1, max: 3 });
const entry = fc.nat(7);
const requestId = fc.constantFrom('r1', 'r2', 'r3');
const reader = { group, consumer };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), requestId }) },
  fc.record({ do: fc.constant('appendOnce' as const), requestId }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ensureGroup' as const), group }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), ...reader, count }) },
  fc.record({ do: fc.constant('own' as const), ...reader, count, takeover: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), ...reader, count }) },
  fc.record({ do: fc.constant('forget' as const), ...reader }),
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('acknowledge' as const, 'renew', 'release', 'delay', 'deadLetter'),
      ...reader,
      entry,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('begin' as const, 'complete'), ...reader, entry, requestId }),
  },
  fc.record({ do: fc.constant('replay' as const), entry }),
  fc.record({ do: fc.constantFrom('moveDue' as const, 'trimAcknowledged', 'range', 'stats') }),
  fc.record({ do: fc.constant('trimDeadLetters' as const), maxCount: fc.nat(2) }),
);

let bench: Bench;
let redis: QueueStore;
beforeAll(async () => {
  bench = await openBench();
  redis = connectQueue(bench.server.url);
});
afterAll(async () => {
  await redis.close();
  await bench.close();
});

test(`any sequence of operations does in memory what it does on Redis (FC_SEED=${seed})`, async () => {
  let run = 0;
  const sequences = fc.array(operation, { minLength: 10, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(sequences, async (operations) => {
      run += 1;
      const [real, model] = [new Run(redis, `model-${run}`), new Run(memoryQueue(), `model-${run}`)];
      for (const [i, one] of operations.entries()) {
        const [expected, found] = await Promise.all([real.outcome(one), model.outcome(one)]);
        expect(found, `step ${i}: ${JSON.stringify(one)}`).toEqual(expected);
      }
    }),
    { seed, numRuns: 120 },
  );
}, 60_000);

/** One queue, whose ids are told by the order in which they came, as two stores never give the same. */
class Run {
  readonly #store: QueueStore;
  readonly #stream: string;
  readonly #ids: string[] = [];
  readonly #letters: string[] = [];
  #number = 0;

  constructor(store: QueueStore, stream: string) {
    this.#store = store;
    this.#stream = stream;
  }

  /** What an operation gives, or that it fails. */
  async outcome(operation: Operation): Promise<unknown> {
    try {
      return (await this.#apply(operation)) ?? 'nothing';
    } catch (error) {
      return /NOGROUP|no such key/i.test(String(error)) ? 'no group' : String(error);
    }
  }

  async #apply(operation: Operation): Promise<unknown> {
    const [store, stream] = [this.#store, this.#stream];
    switch (operation.do) {
      case 'append':
        return this.#numbered(await store.append(stream, this.#fields(operation.requestId)));
      case 'appendOnce': {
        const request = { requestId: operation.requestId, windowMs: FAR_MS };
        const { entryId, first } = await store.appendOnce(stream, this.#fields(operation.requestId), request);
        return [this.#numbered(entryId), first];
      }
      case 'ensureGroup':
        return store.ensureGroup(stream, operation.group);
      case 'read': {
        const reader = store.openReader();
        try {
          const entries = await reader.readNew([stream], operation, { count: operation.count, blockMs: 1 });
          return entries.map(({ id, fields }) => [this.#numbered(id), fields]);
        } finally {
          await reader.close();
        }
      }
      case 'own': {
        const how = { known: () => false, limit: operation.count, takeover: operation.takeover };
        const { entries, more } = await store.ownPending({ stream, ...operation }, how);
        return [entries.map(({ id, fields, deliveries }) => [this.#numbered(id), fields, deliveries]), more];
      }
      case 'claim': {
        const how = { leaseMs: FAR_MS, limit: operation.count };
        const { entries, deleted } = await store.claimStale({ stream, ...operation }, how);
        const claimed = entries.map(({ id, fields, deliveries }) => [this.#numbered(id), fields, deliveries]);
        return [claimed, deleted.map((id) => this.#numbered(id))];
      }
      case 'forget':
        return store.forgetConsumers({ stream, group: operation.group }, { consumer: operation.consumer });
      case 'replay': {
        const letterId = this.#letters[operation.entry] ?? '1-1';
        const id = await store.replay(stream, { letterId, fields: this.#fields('r1') });
        return id && this.#numbered(id);
      }
      case 'moveDue': {
        const { moved, nextMs } = await store.moveDue(stream, by);
        return [moved, nextMs];
      }
      case 'trimAcknowledged':
        return store.trimAcknowledged(stream);
      case 'trimDeadLetters':
        return store.trimDeadLetters(stream, { maxAgeMs: FAR_MS, maxCount: operation.maxCount });
      case 'range':
        return (await store.range(stream, '0-0', 100)).map(({ id, fields }) => [this.#numbered(id), fields]);
      case 'stats': {
        const { oldestWaitingMs: _, oldestPendingMs: __, ...stats } = await store.stats(stream, 'workers');
        return stats;
      }
      default:
        return this.#end(operation);
    }
  }

  async #end(operation: Extract<Operation, { entry: number; consumer: string }>): Promise<unknown> {
    const [store, stream] = [this.#store, this.#stream];
    const id = this.#ids[operation.entry] ?? '1-1';
    const by = { stream, group: operation.group, consumer: operation.consumer };
    const fields = this.#fields('r1');
    switch (operation.do) {
      case 'acknowledge':
        return store.acknowledge(by, [id]);
      case 'renew':
        return store.renewLeases(by, [id]);
      case 'release':
        return store.releaseLeases(by, [id]);
      case 'delay':
        // Due at once, so that the next step may move it.
        return store.delay(by, { id, fields, delayMs: -1, target: stream });
      case 'deadLetter': {
        const done = await store.deadLetter(by, { id, original: fields, context, target: stream });
        if (done) this.#letters.push(await store.currentPosition(`${stream}:dlq`));
        return done;
      }
      case 'begin':
        return store.beginRequest(by, { id, requestId: operation.requestId, target: stream, windowMs: FAR_MS });
      case 'complete':
        return store.completeRequest(by, { id, requestId: operation.requestId, target: stream, windowMs: FAR_MS });
    }
  }

  #fields(requestId: string): Record<string, string> {
    this.#number += 1;
    return { data: `${this.#number} of ${requestId}` };
  }

  #numbered(id: string): number {
    if (!this.#ids.includes(id)) this.#ids.push(id);
    return this.#ids.indexOf(id);
  }
}
