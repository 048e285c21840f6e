import { scaffolderQueue, scaffolderResults, taskEvents } from '@codegen/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { type AnsweringOptions, runAnsweringConsumer } from '../../src/consumer/index.js';
import { PermanentError } from '../../src/errors.js';
import { publish } from '../../src/queue/index.js';
import { memoryQueue } from '../../src/testing/index.js';

type Options = AnsweringOptions<typeof scaffolderQueue, typeof scaffolderResults>;

const request = { project_id: 'p', repo_full_name: 'local/p', project_name: 'p', modules: [], task_id: 'task_1' };

function start(options: Partial<Options> & Pick<Options, 'handle'>) {
  const queue = memoryQueue();
  const consumer = runAnsweringConsumer({
    ...{ queue, contract: scaffolderQueue, results: scaffolderResults, consumer: 'one', service: 'scaffolder' },
    ...{ work: 'scaffolding', concurrency: 4, retry: { transient: [1] } },
    failed: ({ request_id, project_id }, error) => ({ request_id, project_id, status: 'failed' as const, error }),
    ...options,
  });
  onTestFinished(() => consumer.stop());
  const read = (stream: string) => queue.entries(stream).map(({ fields }) => JSON.parse(fields.data as string));
  return {
    queue,
    answers: () => read(scaffolderResults.stream),
    events: () => read(taskEvents.stream),
    ask: (request_id: string) => publish(queue, scaffolderQueue, { ...request, request_id }),
  };
}

const success = ({ request_id, project_id }: { request_id: string; project_id: string }) =>
  ({ request_id, project_id, status: 'success' }) as const;

test('Copies of a request, also at the same time, are carried out once and answered alike', async () => {
  let runs = 0;
  const { ask, answers } = start({
    handle: async (message) => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { ...success(message), files_generated: runs };
    },
  });
  await Promise.all([ask('r'), ask('r')]);
  await expect.poll(answers).toHaveLength(2);
  await ask('r');
  await expect.poll(answers).toHaveLength(3);
  expect(answers().map(({ files_generated }) => files_generated)).toEqual([1, 1, 1]);
  expect(runs).toBe(1);
});

test('What no try can serve is answered as failed, after whoever has to know was told', async () => {
  const told: string[] = [];
  const { ask, answers, queue } = start({
    handle: () => Promise.reject(new PermanentError('no such template')),
    onGivenUp: async (_, error) => void told.push(error),
  });
  await ask('r');
  await expect.poll(answers).toMatchObject([{ request_id: 'r', status: 'failed', error: 'no such template' }]);
  expect(told).toEqual(['no such template']);
  await expect.poll(() => queue.entries('scaffolder:queue:dlq')).toHaveLength(1);
});

test('A fault of the machine is an answer at once, and says so', async () => {
  const { ask, answers } = start({
    handle: () => Promise.reject(new Error('ENOSPC')),
    fault: async (error) => `the disk is full (${(error as Error).message})`,
  });
  await ask('r');
  await expect.poll(answers).toMatchObject([{ status: 'failed', system_fault: 'the disk is full (ENOSPC)' }]);
});

test('What cannot be read, but names its request, is answered where the service has an answer for that', async () => {
  const unread = (request_id: string, error: string) =>
    ({ request_id, project_id: '', status: 'failed', error }) as const;
  const { queue, answers } = start({ handle: async (message) => success(message), unread });
  await queue.append('scaffolder:queue', { data: JSON.stringify({ request_id: 'r', project_id: 7 }) });
  await expect.poll(answers).toMatchObject([{ request_id: 'r', status: 'failed' }]);
});

test('A handler tells how far it is by its context, with what its events say besides', async () => {
  const { ask, events } = start({
    handle: async (message, context) => {
      await context.progress('drawing', { current_step: 'scaffold', progress_pct: 50 });
      return success(message);
    },
  });
  await ask('r');
  await expect.poll(events).toMatchObject([
    {
      ...{ type: 'progress', request_id: 'r', task_id: 'task_1' },
      ...{ message: 'drawing', current_step: 'scaffold', progress_pct: 50 },
    },
  ]);
});
