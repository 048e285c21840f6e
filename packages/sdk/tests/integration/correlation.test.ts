import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  createWorkerCommand,
  defineQueue,
  engineeringQueue,
  scaffolderQueue,
  taskEvents,
  workerCommands,
  workerLifecycle,
} from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { PermanentError } from '../../src/errors.js';
import {
  answerOnce,
  type CurrentMessage,
  currentMessage,
  publish,
  reportProgress,
  withCorrelation,
} from '../../src/queue/index.js';
import { type Bench, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const order = { task_id: 't', project_id: 'p', user_id: 0 };

/** Publishes a task of this correlation id. */
function add(correlation_id: string, taskId = 't') {
  return publish(bench.redis, engineeringQueue, { ...order, task_id: taskId, correlation_id });
}

/** The newest document of a stream. */
async function newest(stream: string): Promise<Record<string, unknown>> {
  const [entry] = await bench.redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  expect(entry?.[1][0]).toBe('data');
  return JSON.parse(entry?.[1][1] as string);
}

describe('the current message', () => {
  test('is that of the handler, in all it awaits, and of nobody outside', async () => {
    const seen: (CurrentMessage | undefined)[] = [];
    bench.consume(async () => {
      seen.push(currentMessage());
      await sleep(1);
      seen.push(currentMessage());
      await Promise.all([sleep(1).then(() => seen.push(currentMessage()))]);
    });
    const { entryId, message } = await add('c1');
    await waitFor('the handler', () => seen.length === 3);
    const { request_id } = message;
    expect(seen).toEqual(Array(3).fill({ correlation_id: 'c1', request_id, entry_id: entryId, stream: STREAM }));
    expect(currentMessage()).toBeUndefined();
  });

  test('never mixes among fifty handlers at a time', async () => {
    const wrong: string[] = [];
    let done = 0;
    bench.consume(
      async ({ task_id }) => {
        for (let step = 0; step < 5; step += 1) {
          await sleep(Math.random() * 5);
          const { message } = await publish(bench.redis, scaffolderQueue, scaffolding(task_id));
          if (message.correlation_id !== `c-${task_id}`) wrong.push(`${task_id} published ${message.correlation_id}`);
          if (currentMessage()?.correlation_id !== `c-${task_id}`) wrong.push(`${task_id} is not current`);
        }
        done += 1;
      },
      { concurrency: 50 },
    );
    await Promise.all(Array.from({ length: 200 }, (_, i) => add(`c-${i}`, String(i))));
    await waitFor('all', () => done === 200, { timeoutMs: 30_000 });
    expect(wrong).toEqual([]);
  });

  test('stays with the timers and listeners that a handler leaves behind', async () => {
    const emitter = new EventEmitter();
    const seen: Record<string, string | undefined> = {};
    emitter.on('outside', () => {
      seen.listenerFromOutside = currentMessage()?.correlation_id;
    });
    bench.consume(async ({ task_id }) => {
      if (task_id === 'second') {
        seen.secondHandler = currentMessage()?.correlation_id;
        return;
      }
      setTimeout(() => {
        seen.timer = currentMessage()?.correlation_id;
      }, 50);
    });
    await add('c1', 'first');
    await waitFor('an empty stream', async () => (await bench.redis.xlen(STREAM)) === 0);
    await add('c2', 'second');
    await waitFor('the timer', () => seen.timer !== undefined && seen.secondHandler !== undefined);
    emitter.emit('outside');
    expect(seen).toEqual({ timer: 'c1', secondHandler: 'c2', listenerFromOutside: undefined });
  });

  test('is replaced in a nested context, and is back after it', async () => {
    const seen: (CurrentMessage | undefined)[] = [];
    bench.consume(async () => {
      const inner = await withCorrelation('inner', async () => {
        await sleep(1);
        return currentMessage();
      });
      seen.push(inner, currentMessage());
    });
    await add('outer');
    await waitFor('the handler', () => seen.length === 2);
    expect(seen).toMatchObject([{ correlation_id: 'inner' }, { correlation_id: 'outer', stream: STREAM }]);
    expect(seen[0]).toEqual({ correlation_id: 'inner' });
  });

  test('of an old message without a correlation id has the one that was filled in', async () => {
    const seen: unknown[] = [];
    bench.consume(async (message) => {
      const { message: next } = await publish(bench.redis, scaffolderQueue, scaffolding('x'));
      seen.push([message.correlation_id, currentMessage()?.correlation_id, next.correlation_id]);
    });
    await bench.redis.xadd(STREAM, '*', 'data', JSON.stringify({ ...order, request_id: 'r' }));
    await waitFor('the handler', () => seen.length === 1);
    const [ids] = seen as [string[]];
    expect(ids[0]).toMatch(/^[\da-f-]{36}$/);
    expect(new Set(ids).size).toBe(1);
  });

  test('is there when a dead letter is announced, and when the message could not be read', async () => {
    const seen: unknown[] = [];
    bench.consume(() => Promise.reject(new PermanentError('no')), {
      onDeadLetter: async () => void seen.push(currentMessage()?.correlation_id),
    });
    await add('c1');
    await bench.redis.xadd(STREAM, '*', 'data', JSON.stringify({ correlation_id: 'c2' }));
    await waitFor('both', () => seen.length === 2);
    expect(seen).toEqual(['c1', 'c2']);
  });
});

describe('what is published inside', () => {
  const inside = <T>(work: () => Promise<T>) => withCorrelation('c1', work);

  test('inherits the correlation id', async () => {
    await inside(() => publish(bench.redis, scaffolderQueue, scaffolding('p')));
    expect((await newest(scaffolderQueue.stream)).correlation_id).toBe('c1');
  });

  test('inherits it in each message of a union', async () => {
    const { version: _v, correlation_id: _c, ...command } = createWorkerCommand.parse(creation);
    await inside(() => publish(bench.redis, workerCommands, command));
    expect((await newest(workerCommands.stream)).correlation_id).toBe('c1');
  });

  test('keeps its own', async () => {
    await inside(() => publish(bench.redis, scaffolderQueue, { ...scaffolding('p'), correlation_id: 'own' }));
    expect((await newest(scaffolderQueue.stream)).correlation_id).toBe('own');
  });

  test('gets no field that its contract does not have', async () => {
    await inside(() => publish(bench.redis, workerLifecycle, { worker_id: 'w', event: 'started' }));
    expect(await newest(workerLifecycle.stream)).not.toHaveProperty('correlation_id');
    const event = { type: 'progress', request_id: 'r', task_id: 't', callback_stream: 'task_progress:t' } as const;
    await inside(() => reportProgress(bench.redis, event));
    expect(await newest(taskEvents.stream)).not.toHaveProperty('correlation_id');
    await waitFor('the callback', () => bench.redis.exists('task_progress:t'));
    expect(await newest('task_progress:t')).not.toHaveProperty('correlation_id');
    await inside(() => publish(bench.redis, looseQueue, { any: 'thing' }));
    expect(await newest(looseQueue.stream)).toEqual({ any: 'thing' });
  });

  test('inherits it in an answer too, but never into one that was recorded before', async () => {
    const answer = { key: 'k', redis: bench.redis, contract: scaffolderQueue, message: scaffolding('p') };
    const first = await inside(() => answerOnce(answer));
    const second = await withCorrelation('c2', () => answerOnce(answer));
    expect([first.message.correlation_id, second.message.correlation_id]).toEqual(['c1', 'c1']);
  });
});

test('every line that createLogger writes inside a handler says the correlation id, and no other line does', async () => {
  const script = fileURLToPath(new URL('../fixtures/logging-process.js', import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, [script], { env: { PATH: process.env.PATH } });
  const lines = stderr.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line)).map(({ msg, correlation_id }) => [msg, correlation_id])).toEqual([
    ['before', undefined],
    ['inside', 'from-the-message'],
    ['inside a child', 'from-the-message'],
    ['after', undefined],
    ['by hand', 'by-hand'],
  ]);
  expect(JSON.parse(lines[1] as string)).toMatchObject({ stream: 'another' });
  expect(lines[1]?.match(/correlation_id/g)).toHaveLength(1);
});

/** A contract that lets everything through. */
const looseQueue = defineQueue({
  stream: 'loose',
  kind: 'log',
  model: 'Loose',
  message: z.looseObject({}),
  producers: [],
  consumers: [],
  summary: 'For this test.',
});

const creation = {
  request_id: 'r',
  config: { name: 'n', agent: 'custom', capabilities: [], env_vars: {} },
  context: {},
} as const;

function scaffolding(projectId: string) {
  return { project_id: projectId, repo_full_name: 'local/p', project_name: 'p', modules: [] };
}
