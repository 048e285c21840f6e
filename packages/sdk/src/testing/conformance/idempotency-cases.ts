import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { runConsumer } from '../../consumer/index.js';
import { publish } from '../../queue/publish.js';
import { all, type ConformanceCase, freshQueue, messageOf, readerOf, take, until } from './conformance-case.js';

const windowMs = 60_000;

/** One effect per request, however often it is published or delivered. */
export const idempotencyCases: readonly ConformanceCase[] = [
  {
    title: 'a request that was published within the window is not added again',
    async run({ queue }) {
      const contract = freshQueue();
      const message = { ...messageOf('one'), request_id: 'r}{: 1' };
      const publishAgain = () => publish(queue, contract, message, { dedupe: { windowMs } });
      const [first, ...others] = await Promise.all(Array.from({ length: 20 }, publishAgain));
      const entries = await all(queue, contract.stream);
      assert.deepEqual(
        entries.map(({ id }) => id),
        [first?.entryId],
      );
      assert.ok(others.every(({ entryId, duplicate }) => entryId === first?.entryId && duplicate));
      assert.equal(first?.duplicate, undefined);
      await publish(queue, contract, messageOf('two'), { dedupe: { windowMs } });
      assert.equal((await all(queue, contract.stream)).length, 2);
    },
  },
  {
    title: 'a request that was published before the window is added again',
    async run({ queue }) {
      const contract = freshQueue();
      const message = { ...messageOf('one'), request_id: 'r-1' };
      await publish(queue, contract, message, { dedupe: { windowMs: 20 } });
      await sleep(50);
      assert.equal((await publish(queue, contract, message, { dedupe: { windowMs: 20 } })).duplicate, undefined);
      assert.equal((await all(queue, contract.stream)).length, 2);
    },
  },
  {
    title: 'a request is begun by one entry at a time, and by no other once it is done',
    async run({ queue }) {
      const { stream } = freshQueue();
      await queue.ensureGroup(stream, 'workers');
      for (const data of ['1', '2', '3']) await queue.append(stream, { data });
      const [first, second, third] = (await take(queue, stream, 'a')).map(({ id }) => id) as [string, string, string];
      const reader = readerOf(stream, 'a');
      const request = (id: string) => ({ id, requestId: 'r-1', target: stream, windowMs });
      assert.equal(await queue.beginRequest(reader, request(first)), 'begun');
      assert.equal(await queue.beginRequest(readerOf(stream, 'b'), request(second)), 'busy');
      assert.equal(await queue.beginRequest(reader, request(first)), 'begun');
      // Whose entry has gone without completing the request does not hold it up.
      await queue.acknowledge(reader, [first]);
      assert.equal(await queue.beginRequest(reader, request(second)), 'begun');
      assert.equal(await queue.completeRequest(readerOf(stream, 'b'), request(second)), false);
      assert.equal(await queue.beginRequest(reader, request(third)), 'busy');
      assert.equal(await queue.completeRequest(reader, request(second)), true);
      assert.equal(await queue.beginRequest(reader, request(third)), 'done');
      assert.deepEqual(
        (await all(queue, stream)).map(({ id }) => id),
        [third],
      );
    },
  },
  {
    title: 'a consumer told so handles each request once, also while it is being handled elsewhere',
    async run({ queue }) {
      const legacy = freshQueue().stream;
      const contract = freshQueue({ legacyStreams: [legacy] });
      const runs: string[] = [];
      let active = 0;
      let most = 0;
      const handler = async ({ request_id }: { request_id: string }) => {
        runs.push(request_id);
        active += 1;
        most = Math.max(most, active);
        await sleep(300);
        active -= 1;
      };
      const message = { ...messageOf('one'), request_id: 'r-1' };
      const consumers = ['a', 'b'].map((consumer) =>
        runConsumer({ queue, contract, consumer, service: 'test', handler, concurrency: 2, idempotency: { windowMs } }),
      );
      for (let i = 0; i < 3; i += 1) await publish(queue, contract, message);
      await queue.append(legacy, { data: JSON.stringify(message) });
      const drained = async () => {
        const { length, delayed } = await queue.stats(contract.stream, contract.group);
        return runs.length > 0 && length + delayed + (await all(queue, legacy)).length === 0;
      };
      await until('the end', drained);
      await publish(queue, contract, message);
      await until('the end again', drained);
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      assert.deepEqual([runs, most], [['r-1'], 1]);
    },
  },
];
