import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { engineeringMessage, QueueContract } from '@codegen/contracts';
import { type ConsumerOptions, runConsumer } from '../../consumer/index.js';
import { FatalError, isOrchestratorError, PermanentError, TransientError } from '../../errors.js';
import { publish } from '../../queue/publish.js';
import type { QueueStore } from '../../queue/store.js';
import {
  all,
  type ConformanceCase,
  deadLettersOf,
  freshQueue,
  messageOf,
  readerOf,
  take,
  until,
} from './conformance-case.js';

type Contract = QueueContract<typeof engineeringMessage>;
type Options = Partial<ConsumerOptions<Contract>>;

const LEASE_MS = 400;

/** Runs some consumers while `work` lasts. */
async function consuming<T>(
  queue: QueueStore,
  contract: Contract,
  handlers: readonly (Options & Pick<ConsumerOptions<Contract>, 'handler'>)[],
  work: (consumers: ReturnType<typeof runConsumer>[]) => Promise<T>,
): Promise<T> {
  const consumers = handlers.map((options, i) =>
    runConsumer({
      queue,
      contract,
      consumer: `consumer-${i}`,
      service: 'conformance',
      leaseMs: LEASE_MS,
      deadlineMs: 100,
      retry: { transient: [20, 20, 20], upstream: [20] },
      ...options,
    }),
  );
  try {
    return await work(consumers);
  } finally {
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  }
}

const drained = async (queue: QueueStore, { stream }: Contract) => (await all(queue, stream)).length === 0;

/** The consumer runtime on this store. */
export const consumerCases: readonly ConformanceCase[] = [
  {
    title: 'a message that does not fit its contract is not published',
    async run({ queue }) {
      const contract = freshQueue();
      await assert.rejects(
        publish(queue, contract, { ...messageOf('one'), user_id: 1.5 }),
        (error) => isOrchestratorError(error) && error.code === 'VALIDATION_FAILED',
      );
      assert.deepEqual(await all(queue, contract.stream), []);
    },
  },
  {
    title: 'each message is handled once and then gone, those of before the start too',
    async run({ queue }) {
      const contract = freshQueue();
      await publish(queue, contract, messageOf('early'));
      const seen: string[] = [];
      await consuming(queue, contract, [{ handler: async ({ task_id }) => void seen.push(task_id) }], async () => {
        await until('the early one', () => seen.length === 1);
        await Promise.all(Array.from({ length: 50 }, (_, i) => publish(queue, contract, messageOf(String(i)))));
        await until('all to be gone', async () => seen.length === 51 && (await drained(queue, contract)));
      });
      assert.equal(new Set(seen).size, 51);
    },
  },
  {
    title: 'handlers run as many at a time as concurrency says',
    async run({ queue }) {
      const contract = freshQueue();
      let [active, most, done] = [0, 0, 0];
      const handler = async () => {
        active += 1;
        most = Math.max(most, active);
        await sleep(5);
        active -= 1;
        done += 1;
      };
      await Promise.all(Array.from({ length: 60 }, (_, i) => publish(queue, contract, messageOf(String(i)))));
      await consuming(queue, contract, [{ handler, concurrency: 4, prefetch: 16 }], () =>
        until('all', () => done === 60),
      );
      assert.equal(most, 4);
    },
  },
  {
    title: 'a transient failure is tried again with a counter, and dead-lettered when the tries are used up',
    async run({ queue }) {
      const contract = freshQueue();
      const attempts: number[] = [];
      const { message } = await publish(queue, contract, messageOf('one'));
      const handler: ConsumerOptions<Contract>['handler'] = async (_, { attempt }) => {
        attempts.push(attempt);
        throw new TransientError('away');
      };
      await consuming(queue, contract, [{ handler }], async () => {
        await until('the dead letter', async () => (await deadLettersOf(queue, contract.stream)).length === 1);
      });
      assert.deepEqual(attempts, [1, 2, 3, 4]);
      const [letter] = await deadLettersOf(queue, contract.stream);
      const { code, error, attempts: tries, correlation_id, service } = letter?.context ?? {};
      assert.deepEqual(
        [code, error, tries, correlation_id, service],
        ['retries_exhausted', 'away', 4, message.correlation_id, 'conformance'],
      );
    },
  },
  {
    title: 'a message that waits for its next try holds nobody up',
    async run({ queue }) {
      const contract = freshQueue();
      const seen: string[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async ({ task_id }, { attempt }) => {
        if (task_id === 'bad' && attempt === 1) throw new TransientError('away');
        seen.push(task_id);
      };
      await publish(queue, contract, messageOf('bad'));
      await publish(queue, contract, messageOf('good'));
      await consuming(queue, contract, [{ handler, retry: { transient: [150] } }], () =>
        until('both', () => seen.length === 2),
      );
      assert.deepEqual(seen, ['good', 'bad']);
    },
  },
  {
    title: 'a permanent failure is dead-lettered at once, after whoever waits was told',
    async run({ queue }) {
      const contract = freshQueue();
      const told: unknown[] = [];
      await publish(queue, contract, messageOf('one'));
      const handler = async () => {
        throw new PermanentError('never', { code: 'no_such_project' });
      };
      const onDeadLetter: Options['onDeadLetter'] = async (message, { code }) => {
        told.push([message?.task_id, code, (await deadLettersOf(queue, contract.stream)).length]);
      };
      await consuming(queue, contract, [{ handler, onDeadLetter }], async () => {
        await until('the dead letter', async () => (await deadLettersOf(queue, contract.stream)).length === 1);
      });
      assert.deepEqual(told, [['one', 'no_such_project', 0]]);
      assert.deepEqual(await all(queue, contract.stream), []);
    },
  },
  {
    title: 'what cannot be read is dead-lettered with the reason, and the next message is handled',
    async run({ queue }) {
      const contract = freshQueue();
      const broken = ['{"task_id":', '{"task_id":1}', JSON.stringify({ ...messageOf('new'), version: '2' })];
      for (const data of broken) await queue.append(contract.stream, { data });
      await publish(queue, contract, messageOf('good'));
      const seen: string[] = [];
      await consuming(queue, contract, [{ handler: async ({ task_id }) => void seen.push(task_id) }], async () => {
        await until('the good one', async () => seen.length === 1 && (await drained(queue, contract)));
      });
      const letters = await deadLettersOf(queue, contract.stream);
      assert.deepEqual(
        letters.map(({ context }) => context.code),
        ['invalid_json', 'invalid_message', 'unsupported_version'],
      );
      assert.deepEqual(
        letters.map(({ original }) => original.data),
        broken,
      );
    },
  },
  {
    title: 'a secret in plain is refused, and its value is not kept',
    async run({ queue }) {
      const contract = freshQueue();
      await queue.append(contract.stream, { data: JSON.stringify({ ...messageOf('one'), github_token: 'ghp_plain' }) });
      await consuming(queue, contract, [{ handler: async () => undefined }], async () => {
        await until('the dead letter', async () => (await deadLettersOf(queue, contract.stream)).length === 1);
      });
      const letters = await deadLettersOf(queue, contract.stream);
      assert.equal(letters[0]?.context.code, 'plain_secret');
      assert.ok(!JSON.stringify(letters).includes('ghp_plain'));
    },
  },
  {
    title: 'a fatal failure stops the consumer; the message stays for the next one',
    async run({ queue }) {
      const contract = freshQueue();
      await publish(queue, contract, messageOf('one'));
      const handler = async () => {
        throw new FatalError('wrong credentials');
      };
      await consuming(queue, contract, [{ handler }], async ([consumer]) => {
        await assert.rejects(consumer?.done as Promise<void>, FatalError);
      });
      assert.equal((await all(queue, contract.stream)).length, 1);
      const seen: string[] = [];
      await consuming(queue, contract, [{ handler: async ({ task_id }) => void seen.push(task_id) }], () =>
        until('the next consumer', () => seen.length === 1),
      );
    },
  },
  {
    title: 'a handler that lasts several leases keeps its message beside a peer',
    async run({ queue }) {
      const contract = freshQueue();
      let runs = 0;
      const handler = async () => {
        runs += 1;
        await sleep(2500);
      };
      await publish(queue, contract, messageOf('one'));
      const options = { handler, leaseMs: 1000 };
      await consuming(queue, contract, [options, options], () => until('the end', () => drained(queue, contract)));
      assert.equal(runs, 1);
    },
  },
  {
    title: 'a dead consumer’s message is taken over by a running peer, and the dead one’s completion is refused',
    async run({ queue }) {
      const contract = freshQueue();
      const { stream } = contract;
      const seen: number[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async (_, { attempt }) => void seen.push(attempt);
      await queue.ensureGroup(stream, 'workers');
      await publish(queue, contract, messageOf('one'));
      const [held] = await take(queue, stream, 'dead');
      await consuming(queue, contract, [{ handler }], () => until('the takeover', () => seen.length === 1));
      assert.deepEqual(seen, [1]);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'dead'), [held?.id as string]), [false]);
    },
  },
  {
    title: 'runs that were lost are used attempts: who takes the message over goes on from there, or ends it',
    async run({ queue }) {
      const contract = freshQueue();
      const { stream } = contract;
      const seen: [string, number][] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async ({ task_id }, { attempt }) =>
        void seen.push([task_id, attempt]);
      await queue.ensureGroup(stream, 'workers');
      for (const name of ['tried', 'spent']) await publish(queue, contract, messageOf(name));
      const [tried, spent] = await take(queue, stream, 'stalled');
      assert.ok(tried && spent);
      for (const { id } of [tried, tried, spent, spent, spent, spent]) {
        await queue.noteLost(readerOf(stream, 'stalled'), id);
      }
      await consuming(queue, contract, [{ handler }], () => until('both to end', () => drained(queue, contract)));
      assert.deepEqual(seen, [['tried', 3]]);
      const letters = await deadLettersOf(queue, stream);
      assert.deepEqual(
        letters.map(({ context: { code, attempts } }) => [code, attempts]),
        [['leases_lost', 4]],
      );
    },
  },
  {
    title: 'stopping lets a running handler end, and gives back what had not begun',
    async run({ queue }) {
      const contract = freshQueue();
      const ended: string[] = [];
      const started: string[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async ({ task_id }) => {
        started.push(task_id);
        await sleep(80);
        ended.push(task_id);
      };
      for (const name of ['1', '2', '3']) await publish(queue, contract, messageOf(name));
      const options = { handler, prefetch: 3, leaseMs: 60_000, deadlineMs: 5000 };
      await consuming(queue, contract, [options], () => until('the first', () => started.length === 1));
      assert.deepEqual(ended, ['1']);
      const seen: string[] = [];
      const next = {
        consumer: 'next',
        leaseMs: 60_000,
        handler: async ({ task_id }: { task_id: string }) => void seen.push(task_id),
      };
      await consuming(queue, contract, [next], () => until('the rest', () => seen.length === 2));
      assert.deepEqual(seen.sort(), ['2', '3']);
    },
  },
  {
    title: 'a handler that outlasts the deadline is aborted, and a peer gets the message at the same attempt',
    async run({ queue }) {
      const contract = freshQueue();
      let started = false;
      const hang: ConsumerOptions<Contract>['handler'] = (_, { signal }) => {
        started = true;
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      };
      await publish(queue, contract, messageOf('one'));
      await consuming(queue, contract, [{ handler: hang, leaseMs: 60_000 }], () => until('the start', () => started));
      const attempts: number[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async (_, { attempt }) => void attempts.push(attempt);
      await consuming(queue, contract, [{ handler }], () => until('the peer', () => attempts.length === 1));
      assert.deepEqual(attempts, [1]);
    },
  },
  {
    title: 'older peers’ streams are read into the same handler, each in order, unless told otherwise',
    async run({ queue }) {
      const legacy = freshQueue().stream;
      const contract = freshQueue({ legacyStreams: [legacy] });
      const add = (stream: string, name: string) =>
        queue.append(stream, { data: JSON.stringify({ ...messageOf(name), version: '1' }) });
      for (const n of [1, 2, 3]) {
        await add(legacy, `old ${n}`);
        await add(contract.stream, `new ${n}`);
      }
      const seen: string[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async ({ task_id }) => void seen.push(task_id);
      await consuming(queue, contract, [{ handler, readLegacy: false }], async () => {
        await until('the new ones', async () => seen.length === 3 && (await drained(queue, contract)));
      });
      assert.deepEqual(seen, ['new 1', 'new 2', 'new 3']);
      await consuming(queue, contract, [{ handler }], () => until('the old ones', () => seen.length === 6));
      assert.deepEqual(seen.slice(3), ['old 1', 'old 2', 'old 3']);
    },
  },
  {
    title: 'a failure in an older peer’s stream is tried again in the queue’s own',
    async run({ queue }) {
      const legacy = freshQueue().stream;
      const contract = freshQueue({ legacyStreams: [legacy] });
      const tries: string[] = [];
      const handler: ConsumerOptions<Contract>['handler'] = async (_, { attempt, stream }) => {
        tries.push(`${attempt} ${stream}`);
        if (attempt === 1) throw new TransientError('away');
        throw new PermanentError('no');
      };
      await queue.append(legacy, { data: JSON.stringify(messageOf('old')) });
      await consuming(queue, contract, [{ handler }], async () => {
        await until('the dead letter', async () => (await deadLettersOf(queue, contract.stream)).length === 1);
      });
      assert.deepEqual(tries, [`1 ${legacy}`, `2 ${contract.stream}`]);
      assert.deepEqual(await all(queue, legacy), []);
    },
  },
  {
    title: 'a store that lost everything is used again: groups are made anew',
    alone: true,
    async run({ queue, clear }) {
      const contract = freshQueue();
      const seen: string[] = [];
      await consuming(
        queue,
        contract,
        [{ handler: async ({ task_id }) => void seen.push(task_id) }],
        async ([consumer]) => {
          await consumer?.ready;
          await publish(queue, contract, messageOf('before'));
          await until('the one before', () => seen.length === 1);
          await clear();
          await publish(queue, contract, messageOf('after'));
          await until('the one after', () => seen.length === 2);
        },
      );
      assert.deepEqual(seen, ['before', 'after']);
    },
  },
];
