import assert from 'node:assert/strict';
import { engineeringMessage } from '@codegen/contracts';
import { publish } from '../../queue/publish.js';
import { readLog } from '../../queue/read-log.js';
import { all, type ConformanceCase, freshQueue, messageOf, until } from './conformance-case.js';

const freshLog = (limits: { maxLength: number; expiresSeconds: number }) =>
  freshQueue({ kind: 'log', message: engineeringMessage, ...limits });

/** Streams without a group, which each reader follows for itself. */
export const logCases: readonly ConformanceCase[] = [
  {
    title: 'a log is capped, about',
    async run({ queue }) {
      const log = freshLog({ maxLength: 100, expiresSeconds: 60 });
      await Promise.all(Array.from({ length: 1000 }, (_, i) => publish(queue, log, messageOf(String(i)))));
      const entries = await all(queue, log.stream);
      assert.ok(entries.length >= 100 && entries.length <= 300, `${entries.length} entries are left`);
      assert.ok(entries.at(-1)?.fields.data?.includes('"task_id":"999"'));
    },
  },
  {
    title: 'a log expires when nothing is added',
    async run({ queue }) {
      const log = freshLog({ maxLength: 100, expiresSeconds: 1 });
      await publish(queue, log, messageOf('one'));
      assert.equal((await all(queue, log.stream)).length, 1);
      await until('the log to expire', async () => (await all(queue, log.stream)).length === 0);
    },
  },
  {
    title: 'a log is read from a position, in order, and followed',
    async run({ queue }) {
      const log = freshLog({ maxLength: 1000, expiresSeconds: 60 });
      const ids: string[] = [];
      for (const name of ['1', '2', '3']) ids.push((await publish(queue, log, messageOf(name))).entryId);
      assert.equal(await queue.currentPosition(log.stream), ids[2]);
      const seen: string[] = [];
      const ended = new AbortController();
      const from = ids[0] as string;
      const following = (async () => {
        for await (const { message } of readLog(queue, log, { from, signal: ended.signal })) seen.push(message.task_id);
      })();
      await until('what was there', () => seen.length === 2);
      await publish(queue, log, messageOf('4'));
      await until('what came later', () => seen.length === 3);
      ended.abort();
      await following;
      assert.deepEqual(seen, ['2', '3', '4']);
    },
  },
  {
    title: 'a log is followed together with its legacy streams, each from its position and in its order',
    async run({ queue }) {
      const old = [freshQueue().stream, freshQueue().stream] as const;
      const log = { ...freshLog({ maxLength: 1000, expiresSeconds: 60 }), legacyStreams: old };
      const streams = [log.stream, ...old];
      const add = (name: string) =>
        Promise.all(streams.map((stream) => publish(queue, log, messageOf(name), { stream })));
      const ids = (await add('1')).map(({ entryId }) => entryId);
      for (const name of ['2', '3']) await add(name);
      const seen: string[] = [];
      const ended = new AbortController();
      const position = { from: ids[0] as string, legacyFrom: { [old[0]]: ids[1] as string, [old[1]]: '0' } };
      const following = (async () => {
        const reading = readLog(queue, log, { ...position, signal: ended.signal });
        for await (const { stream, message } of reading) seen.push(`${streams.indexOf(stream)} ${message.task_id}`);
      })();
      await until('what was there', () => seen.length === 7);
      await add('4');
      await until('what came later', () => seen.length === 10);
      ended.abort();
      await following;
      const expected = ['0 2', '0 3', '0 4', '1 2', '1 3', '1 4', '2 1', '2 2', '2 3', '2 4'];
      assert.deepEqual(
        seen.sort((a, b) => Number(a[0]) - Number(b[0])),
        expected,
      );
    },
  },
  {
    title: 'the position of a stream that never was is 0-0',
    async run({ queue }) {
      assert.equal(await queue.currentPosition(freshQueue().stream), '0-0');
    },
  },
];
