import { describe, expect, test } from 'vitest';
import {
  deadLetterStream,
  decodeEntry,
  defineQueue,
  encodeEntry,
  engineeringQueue,
  models,
  type QueueContract,
  queues,
  streamName,
  workerInputs,
} from '../../src/index.js';
import { messageFiles, messagesFileOf, readFixture } from '../fixtures.js';

const all: readonly QueueContract[] = queues;

describe('the registry', () => {
  test.each(all)('$stream has example messages that survive encoding and decoding', (contract) => {
    const messages = readFixture<object[]>(`messages/${messagesFileOf(contract.stream)}`);
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) {
      const { fields } = encodeEntry(contract, message as never);
      expect(decodeEntry(contract, fields)).toEqual({ ok: true, message, legacy: false, raw: fields });
    }
  });

  test('has a queue for every file of example messages', () => {
    expect(messageFiles().sort()).toEqual(all.map(({ stream }) => messagesFileOf(stream)).sort());
  });

  test.each(all.filter(({ results }) => results !== undefined))(
    '$stream has its results in a stream',
    ({ results }) => {
      expect(all.map(({ stream }) => stream)).toContain(results);
    },
  );

  test('names every stream once', () => {
    expect(new Set(all.map(({ stream }) => stream)).size).toBe(all.length);
  });

  test.each(all)('$stream names its producers and consumers', ({ producers, consumers, summary, model }) => {
    expect([producers.length > 0, consumers.length > 0, summary.length > 10]).toEqual([true, true, true]);
    expect(Object.keys(models)).toContain(model);
  });

  test.each(all.filter(({ kind }) => kind === 'work'))(
    '$stream, a work queue, has a group and no length limit',
    (contract) => {
      expect(contract.group).toMatch(/^[a-z-]+$/);
      expect(contract.maxLength).toBeUndefined();
      expect(contract.expiresSeconds).toBeUndefined();
    },
  );

  test.each(all.filter(({ kind }) => kind === 'log'))('$stream, a log, is capped and expires', (contract) => {
    expect(contract.maxLength).toBeGreaterThan(0);
    expect(contract.expiresSeconds).toBeGreaterThan(0);
  });

  test('a work queue without a group is rejected', () => {
    const { group: _, ...rest } = engineeringQueue;
    expect(() => defineQueue(rest)).toThrow('needs a consumer group');
  });
});

describe('stream names', () => {
  test('are filled in', () => {
    expect(streamName(workerInputs, { type: 'developer', worker_id: 'w-1' })).toBe('worker:developer:w-1:input');
    expect(deadLetterStream('engineering:queue')).toBe('engineering:queue:dlq');
  });

  test('need every parameter', () => {
    expect(() => streamName(workerInputs, { type: 'developer' })).toThrow('needs the parameter worker_id');
  });

  test.each(['a:b', '', 'a b', '{x}', 'ä'])('reject the parameter %j', (worker_id) => {
    expect(() => streamName(workerInputs, { type: 'developer', worker_id })).toThrow('not an identifier');
  });
});
