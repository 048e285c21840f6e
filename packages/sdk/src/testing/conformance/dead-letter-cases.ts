import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { readDeadLetters, replayDeadLetters, trimDeadLetters } from '../../queue/dead-letters.js';
import { publish } from '../../queue/publish.js';
import type { QueueStore } from '../../queue/store.js';
import { all, type ConformanceCase, freshQueue, messageOf } from './conformance-case.js';

/** Letters of these originals, as a consumer writes them. */
async function addLetters(queue: QueueStore, stream: string, ...originals: object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const original of originals) {
    const fields = { original_message: JSON.stringify(original), error_context: '{"code":"permanent","attempts":4}' };
    ids.push(await queue.append(`${stream}:dlq`, fields));
  }
  return ids;
}

/** Dead letters: reading, replaying and removing them. */
export const deadLetterCases: readonly ConformanceCase[] = [
  {
    title: 'dead letters are read page by page, oldest first',
    async run({ queue }) {
      const contract = freshQueue();
      const ids = await addLetters(queue, contract.stream, { data: '1' }, { data: '2' }, { data: '3' });
      const first = await readDeadLetters(queue, contract, { limit: 2 });
      assert.deepEqual([first.letters.map(({ letterId }) => letterId), first.next], [ids.slice(0, 2), ids[1]]);
      assert.deepEqual(first.letters[0]?.context, { code: 'permanent', attempts: 4 });
      const second = await readDeadLetters(queue, contract, { limit: 2, from: first.next });
      assert.deepEqual(
        second.letters.map(({ original }) => original),
        [{ data: '3' }],
      );
      assert.equal(second.next, undefined);
    },
  },
  {
    title: 'a replayed letter is a new entry with the fields of the first, and begins anew',
    async run({ queue }) {
      const contract = freshQueue();
      const [id = ''] = await addLetters(queue, contract.stream, {
        data: '{}',
        attempt: '4',
        deferrals: '7',
        more: 'x',
      });
      const { replayed, refused } = await replayDeadLetters(queue, contract, { ids: [id, '1-1'] });
      const entries = await all(queue, contract.stream);
      assert.deepEqual(
        entries.map(({ fields }) => fields),
        [{ data: '{}', more: 'x' }],
      );
      assert.deepEqual(replayed, [{ letterId: id, entryId: entries[0]?.id }]);
      assert.deepEqual(
        refused.map(({ letterId }) => letterId),
        ['1-1'],
      );
      assert.deepEqual(await all(queue, `${contract.stream}:dlq`), []);
    },
  },
  {
    title: 'an original that cannot be told is refused with the reason, and stays',
    async run({ queue }) {
      const contract = freshQueue();
      const redacted = { data: JSON.stringify({ ...messageOf('one'), github_token: '[redacted]' }) };
      await addLetters(queue, contract.stream, redacted, []);
      const { replayed, refused } = await replayDeadLetters(queue, contract, { all: true });
      assert.deepEqual(replayed, []);
      assert.deepEqual(
        refused.map(({ reason }) => /redacted/.test(reason) || /not an entry/.test(reason)),
        [true, true],
      );
      assert.equal((await all(queue, `${contract.stream}:dlq`)).length, 2);
    },
  },
  {
    title: 'dead letters that are too many or too old are removed, the oldest first',
    async run({ queue }) {
      const contract = freshQueue();
      const ids = await addLetters(queue, contract.stream, ...Array.from({ length: 5 }, (_, i) => ({ data: `${i}` })));
      assert.equal(await trimDeadLetters(queue, contract), 0);
      assert.equal(await trimDeadLetters(queue, contract, { maxCount: 3 }), 2);
      const left = await all(queue, `${contract.stream}:dlq`);
      assert.deepEqual(
        left.map(({ id }) => id),
        ids.slice(2),
      );
      await sleep(1100);
      const [young] = await addLetters(queue, contract.stream, { data: 'young' });
      assert.equal(await trimDeadLetters(queue, contract, { maxAgeMs: 1000 }), 3);
      assert.deepEqual(
        (await all(queue, `${contract.stream}:dlq`)).map(({ id }) => id),
        [young],
      );
    },
  },
  {
    title: 'trimming removes what every group has acknowledged, and nothing where there is no group',
    async run({ queue }) {
      const contract = freshQueue();
      const { stream } = contract;
      const ids: string[] = [];
      for (const name of ['1', '2', '3', '4']) ids.push((await publish(queue, contract, messageOf(name))).entryId);
      assert.equal(await queue.trimAcknowledged(stream), 0);
      const reader = queue.openReader();
      for (const [group, count] of [
        ['workers', 4],
        ['others', 2],
      ] as const) {
        await queue.ensureGroup(stream, group);
        await reader.readNew([stream], { group, consumer: 'a' }, { count, blockMs: 100 });
      }
      await reader.close();
      // One group has all of them pending, the other two: nothing may go.
      assert.equal(await queue.trimAcknowledged(stream), 0);
      assert.deepEqual(
        (await all(queue, stream)).map(({ id }) => id),
        ids,
      );
    },
  },
];
