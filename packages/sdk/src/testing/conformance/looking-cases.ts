import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConformanceCase, freshQueue, take } from './conformance-case.js';

/** Looking into queues without taking anything, and what belongs to it. */
export const lookingCases: readonly ConformanceCase[] = [
  {
    title: 'what waits is what no consumer of the group was given, and looking takes nothing',
    async run({ queue }) {
      const { stream } = freshQueue();
      assert.deepEqual(await queue.waiting(stream, 'workers', 10), []);
      const ids = [];
      for (const data of ['1', '2', '3', '4']) ids.push(await queue.append(stream, { data }));
      const waiting = async (limit: number) => (await queue.waiting(stream, 'workers', limit)).map(({ id }) => id);
      assert.deepEqual(await waiting(2), ids.slice(0, 2));
      await queue.ensureGroup(stream, 'workers');
      await take(queue, stream, 'a', { count: 1 });
      assert.deepEqual(await waiting(10), ids.slice(1));
      assert.deepEqual(await waiting(10), ids.slice(1));
    },
  },
  {
    title: 'the newest entries come oldest first',
    async run({ queue }) {
      const { stream } = freshQueue();
      for (const data of ['1', '2', '3']) await queue.append(stream, { data });
      const newest = await queue.newest(stream, 2);
      assert.deepEqual(
        newest.map(({ fields }) => fields.data),
        ['2', '3'],
      );
      assert.deepEqual(await queue.newest(freshQueue().stream, 2), []);
    },
  },
  {
    title: 'streams are found by a pattern in which * alone stands for something else',
    async run({ queue }) {
      const { stream } = freshQueue();
      for (const end of [':a:input', ':b:input', ':b:output', ':[ab]:input']) {
        await queue.append(`${stream}${end}`, { data: '1' });
      }
      assert.deepEqual(await queue.streamsLike(`${stream}:*:input`), [
        `${stream}:[ab]:input`,
        `${stream}:a:input`,
        `${stream}:b:input`,
      ]);
      assert.deepEqual(await queue.streamsLike(`${stream}:[ab]:input`), [`${stream}:[ab]:input`]);
      assert.deepEqual(await queue.streamsLike(`${stream}:?:input`), []);
    },
  },
  {
    title: 'the first text under a key stands until its time is over',
    async run({ queue }) {
      const key = freshQueue().stream;
      assert.equal(await queue.setIfAbsent(key, 'one', 200), 'one');
      assert.equal(await queue.setIfAbsent(key, 'two', 200), 'one');
      await sleep(250);
      assert.equal(await queue.setIfAbsent(key, 'two', 200), 'two');
    },
  },
  {
    title: 'dead letters are removed one by one, and those that are not there do not count',
    async run({ queue }) {
      const { stream } = freshQueue();
      const ids = [];
      for (const data of ['1', '2', '3']) ids.push(await queue.append(`${stream}:dlq`, { data }));
      assert.equal(await queue.deleteLetters(stream, [ids[0] as string, ids[2] as string, '1-1']), 2);
      assert.equal(await queue.deleteLetters(stream, []), 0);
      assert.deepEqual(
        (await queue.range(`${stream}:dlq`, '0-0', 10)).map(({ id }) => id),
        [ids[1]],
      );
    },
  },
  {
    title: 'its time is that of its entries',
    async run({ queue }) {
      const before = await queue.nowMs();
      const id = await queue.append(freshQueue().stream, { data: '1' });
      const added = Number(id.split('-')[0]);
      assert.ok(before <= added + 5 && added - before < 5000);
    },
  },
];
