import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorContext } from '@codegen/contracts';
import { isGroupGone } from '../../queue/redis-errors.js';
import type { QueueStore } from '../../queue/store.js';
import { all, type ConformanceCase, deadLettersOf, freshQueue, readerOf, take, until } from './conformance-case.js';

const context: ErrorContext = {
  error: 'no',
  error_type: 'PermanentError',
  code: 'permanent',
  timestamp: '2026-01-10T12:00:00Z',
  service: 'test',
  consumer: 'a',
  attempts: 1,
  entry_id: '1-0',
  correlation_id: null,
};

/** A stream with its group, and entries of these contents. */
async function streamWith(queue: QueueStore, ...contents: string[]): Promise<string> {
  const { stream } = freshQueue();
  await queue.ensureGroup(stream, 'workers');
  for (const data of contents) await queue.append(stream, { data });
  return stream;
}

const contentsOf = (entries: readonly { fields: Record<string, string> }[]) => entries.map(({ fields }) => fields.data);

/** Operations on streams, groups, leases and delays. */
export const storeCases: readonly ConformanceCase[] = [
  {
    title: 'entry ids rise, however many are added at once',
    async run({ queue }) {
      const { stream } = freshQueue();
      await Promise.all(Array.from({ length: 700 }, (_, i) => queue.append(stream, { data: String(i) })));
      const entries = await all(queue, stream);
      assert.deepEqual(
        contentsOf(entries),
        Array.from({ length: 700 }, (_, i) => String(i)),
      );
      assert.equal(new Set(entries.map(({ id }) => id)).size, 700);
    },
  },
  {
    title: 'fields come back as they were, whatever they hold',
    async run({ queue }) {
      const fields = { data: '{"a":"ä😀\u0000"}', attempt: '2', 'x y': '', long: 'x'.repeat(100_000) };
      const { stream } = freshQueue();
      await queue.append(stream, fields);
      assert.deepEqual((await all(queue, stream))[0]?.fields, fields);
    },
  },
  {
    title: 'the bytes of an entry are there until it goes',
    async run({ queue }) {
      const stream = await streamWith(queue, 'ä😀');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      const bytes = await queue.entryBytes(stream, entry.id);
      assert.deepEqual(bytes, [Buffer.from('data'), Buffer.from('ä😀')]);
      await queue.acknowledge(readerOf(stream, 'a'), [entry.id]);
      assert.equal(await queue.entryBytes(stream, entry.id), undefined);
    },
  },
  {
    title: 'a group begins at the stream’s beginning, and is made once',
    async run({ queue }) {
      const { stream } = freshQueue();
      await queue.append(stream, { data: 'early' });
      assert.equal(await queue.ensureGroup(stream, 'workers'), 'created');
      assert.equal(await queue.ensureGroup(stream, 'workers'), 'there');
      assert.deepEqual(contentsOf(await take(queue, stream, 'a')), ['early']);
    },
  },
  {
    title: 'consumers of one group get each entry once, consumers of two groups both',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2', '3');
      await queue.ensureGroup(stream, 'others');
      const first = await take(queue, stream, 'a', { count: 2 });
      const second = await take(queue, stream, 'b');
      assert.deepEqual([contentsOf(first), contentsOf(second)], [['1', '2'], ['3']]);
      const reader = queue.openReader();
      const others = await reader.readNew([stream], { group: 'others', consumer: 'a' }, { count: 9, blockMs: 100 });
      await reader.close();
      assert.deepEqual(contentsOf(others), ['1', '2', '3']);
    },
  },
  {
    title: 'reading waits for an entry, and ends without one in time',
    async run({ queue }) {
      const stream = await streamWith(queue);
      const began = performance.now();
      assert.deepEqual(await take(queue, stream, 'a', { blockMs: 60 }), []);
      assert.ok(performance.now() - began >= 50);
      const waiting = take(queue, stream, 'a', { blockMs: 5000 });
      await sleep(30);
      await queue.append(stream, { data: 'late' });
      assert.deepEqual(contentsOf(await waiting), ['late']);
    },
  },
  {
    title: 'a waiting read can be interrupted',
    async run({ queue }) {
      const stream = await streamWith(queue);
      const reader = queue.openReader();
      const left = new AbortController();
      const by = { group: 'workers', consumer: 'a' };
      const waiting = reader.readNew([stream], by, { count: 1, blockMs: 20_000 }).then(
        () => left.abort(),
        () => left.abort(),
      );
      await sleep(50);
      const began = performance.now();
      await reader.interrupt(left.signal);
      await waiting;
      assert.ok(performance.now() - began < 3000);
      await reader.close();
    },
  },
  {
    title: 'a read for a group that does not exist says so',
    async run({ queue }) {
      const { stream } = freshQueue();
      await assert.rejects(take(queue, stream, 'a'), isGroupGone);
    },
  },
  {
    title: 'an acknowledged entry is gone, and is acknowledged once',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2');
      const [first, second] = await take(queue, stream, 'a');
      assert.ok(first && second);
      const ids = [first.id, second.id];
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), ids), [true, true]);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), ids), [false, false]);
      assert.deepEqual(await all(queue, stream), []);
    },
  },
  {
    title: 'each entry of a batch is acknowledged for itself, in any order and only by its owner',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2', '3', '4', '5', '6');
      const [one, two] = await take(queue, stream, 'a', { count: 2 });
      const [foreign] = await take(queue, stream, 'b', { count: 1 });
      const [four, five, six] = await take(queue, stream, 'a', { count: 3 });
      assert.ok(one && two && foreign && four && five && six);
      const ids = [five, one, foreign, four].map(({ id }) => id);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), ids), [true, true, false, true]);
      const rising = [two, foreign, six].map(({ id }) => id);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), rising), [true, false, true]);
      assert.deepEqual(contentsOf(await all(queue, stream)), ['3']);
    },
  },
  {
    title: 'only the owner ends an entry: acknowledge, delay, dead-letter, renew and release by others change nothing',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      const other = readerOf(stream, 'b');
      assert.deepEqual(await queue.acknowledge(other, [entry.id]), [false]);
      assert.deepEqual(await queue.renewLeases(other, [entry.id]), [false]);
      assert.deepEqual(await queue.releaseLeases(other, [entry.id]), [false]);
      const { id, fields } = entry;
      assert.equal(await queue.delay(other, { id, fields, delayMs: 1, target: stream }), false);
      assert.equal(await queue.deadLetter(other, { id, original: fields, context, target: stream }), false);
      assert.deepEqual(await deadLettersOf(queue, stream), []);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), [id]), [true]);
    },
  },
  {
    title: 'an entry is stale after its lease and not before, and then another’s',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      const b = readerOf(stream, 'b');
      // Not at once: a server that has just started lets owners renew first.
      const entries = await until('the lease to end', async () => {
        const stale = await queue.claimStale(b, { leaseMs: 100, limit: 10 });
        return stale.entries.length > 0 && stale.entries;
      });
      assert.deepEqual(
        entries.map(({ id, fields, deliveries }) => [id, fields.data, deliveries]),
        [[entry.id, '1', 2]],
      );
      const early = await queue.claimStale(readerOf(stream, 'c'), { leaseMs: 1500, limit: 10 });
      assert.deepEqual(early.entries, []);
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), [entry.id]), [false]);
      assert.deepEqual(await queue.renewLeases(b, [entry.id]), [true]);
      assert.deepEqual(await queue.acknowledge(b, [entry.id]), [true]);
    },
  },
  {
    title: 'a renewed lease is young again',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      await sleep(600);
      assert.deepEqual(await queue.renewLeases(readerOf(stream, 'a'), [entry.id]), [true]);
      const { entries } = await queue.claimStale(readerOf(stream, 'b'), { leaseMs: 550, limit: 10 });
      assert.deepEqual(entries, []);
    },
  },
  {
    title: 'a released entry is stale at once, and its delivery does not count',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      assert.deepEqual(await queue.releaseLeases(readerOf(stream, 'a'), [entry.id]), [true]);
      const { entries } = await queue.claimStale(readerOf(stream, 'b'), { leaseMs: 60_000, limit: 10 });
      assert.deepEqual(
        entries.map(({ id, deliveries }) => [id, deliveries]),
        [[entry.id, 1]],
      );
    },
  },
  {
    title: 'runs that were lost are counted for each entry and group, whoever has the entry',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2');
      const [one, two] = await take(queue, stream, 'a');
      assert.ok(one && two);
      await queue.acknowledge(readerOf(stream, 'a'), [one.id]);
      for (const consumer of ['a', 'b']) await queue.noteLost(readerOf(stream, consumer), one.id);
      const counts = [one, two].map(({ id }) => queue.lostRuns(readerOf(stream, 'c'), id));
      assert.deepEqual(await Promise.all(counts), [2, 0]);
      assert.equal(await queue.lostRuns({ ...readerOf(stream, 'c'), group: 'others' }, one.id), 0);
    },
  },
  {
    title: 'stale entries are found behind hundreds of fresh ones, up to the limit',
    async run({ queue }) {
      const stream = await streamWith(queue, ...Array.from({ length: 330 }, (_, i) => String(i)));
      const held = await take(queue, stream, 'a', { count: 330 });
      const stale = [held[310], held[320], held[329]].map((entry) => entry?.id as string);
      await queue.releaseLeases(readerOf(stream, 'a'), stale);
      const b = readerOf(stream, 'b');
      const first = await queue.claimStale(b, { leaseMs: 60_000, limit: 2 });
      const second = await queue.claimStale(b, { leaseMs: 60_000, limit: 10 });
      assert.deepEqual(
        [...first.entries, ...second.entries].map(({ id }) => id),
        stale,
      );
      assert.equal(first.entries.length, 2);
    },
  },
  {
    title: 'what was delivered to a consumer without its knowing is found again; only a takeover counts',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2', '3');
      const [known] = await take(queue, stream, 'a');
      const a = readerOf(stream, 'a');
      const how = { known: (id: string) => id === known?.id, limit: 1 };
      const lost = await queue.ownPending(a, { ...how, takeover: false });
      assert.deepEqual([contentsOf(lost.entries), lost.entries[0]?.deliveries, lost.more], [['2'], 1, true]);
      const taken = await queue.ownPending(a, { ...how, limit: 5, takeover: true });
      assert.deepEqual(
        taken.entries.map(({ fields, deliveries }) => [fields.data, deliveries]),
        [
          ['2', 2],
          ['3', 2],
        ],
      );
      assert.equal(taken.more, false);
    },
  },
  {
    title: 'a delayed entry leaves the stream, and returns with its new fields when it is due',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      const later = { id: entry.id, fields: { data: '1', attempt: '2' }, delayMs: 1000, target: stream };
      assert.equal(await queue.delay(readerOf(stream, 'a'), later), true);
      assert.deepEqual(await all(queue, stream), []);
      const by = { service: 'test', consumer: 'a' };
      const { moved, nextMs } = await queue.moveDue(stream, by);
      assert.equal(moved, 0);
      assert.ok(nextMs !== undefined && nextMs > 0 && nextMs <= 1000, `due in ${nextMs} ms`);
      await until('the entry to be due', async () => (await queue.moveDue(stream, by)).moved === 1);
      assert.deepEqual((await take(queue, stream, 'b'))[0]?.fields, { data: '1', attempt: '2' });
      assert.equal((await queue.moveDue(stream, by)).nextMs, undefined);
    },
  },
  {
    title: 'delayed entries return in the order they are due',
    async run({ queue }) {
      const stream = await streamWith(queue, 'late', 'soon');
      const entries = await take(queue, stream, 'a');
      for (const [i, { id, fields }] of entries.entries()) {
        await queue.delay(readerOf(stream, 'a'), { id, fields, delayMs: i === 0 ? 120 : 20, target: stream });
      }
      const by = { service: 'test', consumer: 'a' };
      let moved = 0;
      await until('both', async () => {
        moved += (await queue.moveDue(stream, by)).moved;
        return moved === 2;
      });
      assert.deepEqual(contentsOf(await all(queue, stream)), ['soon', 'late']);
    },
  },
  {
    title: 'a dead letter holds the original and the reason, and the entry is gone',
    async run({ queue }) {
      const stream = await streamWith(queue, 'poison');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      const letter = { id: entry.id, original: entry.fields, context, target: stream };
      assert.equal(await queue.deadLetter(readerOf(stream, 'a'), letter), true);
      assert.deepEqual(await deadLettersOf(queue, stream), [{ original: { data: 'poison' }, context }]);
      assert.deepEqual(await all(queue, stream), []);
      assert.equal(await queue.deadLetter(readerOf(stream, 'a'), letter), false);
    },
  },
  {
    title: 'a consumer that holds entries is not forgotten, one that holds none is',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      const [entry] = await take(queue, stream, 'a');
      assert.ok(entry);
      await queue.forgetConsumers({ stream, group: 'workers' }, { consumer: 'a' });
      await queue.forgetConsumers({ stream, group: 'workers' }, { idleMs: 0 });
      assert.deepEqual(await queue.acknowledge(readerOf(stream, 'a'), [entry.id]), [true]);
      await queue.forgetConsumers({ stream, group: 'workers' }, { consumer: 'a' });
      await queue.forgetConsumers({ stream: `${stream}:none`, group: 'workers' }, { consumer: 'a' });
    },
  },
  {
    title: 'an answer stands once it is given, until it expires',
    async run({ queue }) {
      const { stream } = freshQueue();
      const answer = { key: `${stream}:answer`, ttlSeconds: 3, stream };
      assert.equal((await queue.answerOnce({ ...answer, data: 'first' })).first, true);
      const trace = { traceparent: 'of the second' };
      const again = await queue.answerOnce({ ...answer, data: 'second', trace });
      assert.deepEqual([again.first, again.data], [false, 'first']);
      const entries = await all(queue, stream);
      assert.deepEqual(contentsOf(entries), ['first', 'first']);
      assert.deepEqual(
        entries.map(({ fields }) => fields.traceparent),
        [undefined, trace.traceparent],
      );
      assert.equal(await queue.recordedAnswer(answer.key), 'first');
      await until('the answer to expire', async () => (await queue.recordedAnswer(answer.key)) === undefined);
    },
  },
  {
    title: 'waiting, pending, delayed and dead entries are told apart',
    async run({ queue }) {
      const stream = await streamWith(queue, '1', '2', '3', '4');
      const [pending, delayed, dead] = await take(queue, stream, 'a', { count: 3 });
      assert.ok(pending && delayed && dead);
      const a = readerOf(stream, 'a');
      await queue.delay(a, { id: delayed.id, fields: delayed.fields, delayMs: 60_000, target: stream });
      await queue.deadLetter(a, { id: dead.id, original: dead.fields, context, target: stream });
      const stats = await queue.stats(stream, 'workers');
      const { length, waiting, pending: held, delayed: aside, deadLetters } = stats;
      assert.deepEqual([length, waiting, held, aside, deadLetters], [2, 1, 1, 1, 1]);
      const none = await queue.stats(freshQueue().stream, 'workers');
      assert.deepEqual([none.length, none.waiting, none.pending, none.delayed, none.deadLetters], [0, 0, 0, 0, 0]);
      assert.deepEqual([none.consumers, none.oldestWaitingMs, none.oldestPendingMs], [0, null, null]);
    },
  },
  {
    title: 'the oldest waiting and the oldest pending entry have their ages, and the group its consumers',
    async run({ queue }) {
      const stream = await streamWith(queue, '1');
      await sleep(20);
      await queue.append(stream, { data: '2' });
      await take(queue, stream, 'a', { count: 1 });
      const before = await queue.stats(stream, 'workers');
      await take(queue, stream, 'b', { count: 1 });
      const after = await queue.stats(stream, 'workers');
      assert.deepEqual([before.consumers, after.consumers], [1, 2]);
      assert.ok((before.oldestPendingMs as number) >= 20);
      assert.ok((before.oldestWaitingMs as number) < (before.oldestPendingMs as number));
      assert.ok((after.oldestPendingMs as number) >= (before.oldestPendingMs as number));
      assert.equal(after.oldestWaitingMs, null);
    },
  },
];
