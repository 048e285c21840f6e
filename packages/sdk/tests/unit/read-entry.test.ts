import { engineeringQueue } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { readEntry } from '../../src/consumer/read-entry.js';
import { fieldsOf } from '../../src/queue/entry.js';
import { publish } from '../../src/queue/index.js';
import { memoryQueue } from '../../src/testing/index.js';

const task = { task_id: 'cut \ufffd', project_id: 'p', user_id: 0 };
const entry = (fields: Record<string, string>) => ({ stream: 's', id: '1-1', fields });

test('an entry is looked at again only where bytes may be lost', async () => {
  const queue = memoryQueue();
  let looks = 0;
  queue.entryBytes = async () => {
    looks += 1;
    return [Buffer.from('data'), Buffer.from(JSON.stringify(task))];
  };
  const plain = entry({ data: JSON.stringify({ ...task, task_id: 'whole' }) });
  expect((await readEntry(queue, engineeringQueue, plain)).ok).toBe(true);
  expect(looks).toBe(0);
  const doubtful = await readEntry(queue, engineeringQueue, entry({ data: JSON.stringify(task) }));
  expect([looks, doubtful]).toMatchObject([1, { ok: true, message: task }]);
});

test('where it cannot be looked at, the message goes back and is handled later', async () => {
  const queue = memoryQueue();
  const { entryBytes } = queue;
  let failures = 0;
  queue.entryBytes = async (stream, id) => {
    failures += 1;
    if (failures === 1) throw new Error('away');
    return entryBytes.call(queue, stream, id);
  };
  await publish(queue, engineeringQueue, task);
  const seen: string[] = [];
  const names = { consumer: 'reader', service: 'test', leaseMs: 100 };
  const consumer = runConsumer({
    queue,
    contract: engineeringQueue,
    ...names,
    handler: async ({ task_id }) => void seen.push(task_id),
  });
  await waitFor('the message', () => seen.length);
  await consumer.stop();
  expect([seen, failures]).toEqual([[task.task_id], 2]);
});

test('the original keeps names and values that are no text, each under a name that says so', async () => {
  const queue = memoryQueue();
  const bytes = ['data', '{', '\xff', 'v', '\xff', 'w', 'value', '\xfe'].map((text) => Buffer.from(text, 'latin1'));
  queue.entryBytes = async () => bytes;
  const read = await readEntry(queue, engineeringQueue, entry(fieldsOf(bytes.map((part) => part.toString()))));
  expect(read).toEqual({
    ok: false,
    code: 'invalid_encoding',
    error: 'the entry is not UTF-8',
    raw: { data: '{', 'base64,/w==': 'v', 'base64,/w==#2': 'w', 'value;base64': '/g==' },
  });
});

test('a field is kept whatever its name, and however often it comes', () => {
  const fields = fieldsOf(['a', '1', '__proto__', '2', 'a', '3', 'a', '4', '__proto__', '5', 'toString', '6']);
  expect(Object.entries(fields)).toEqual([
    ['a', '1'],
    ['__proto__', '2'],
    ['a#2', '3'],
    ['a#3', '4'],
    ['__proto__#2', '5'],
    ['toString', '6'],
  ]);
});
