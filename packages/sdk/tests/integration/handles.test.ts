import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { startRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { Orchestrator, type OrchestratorOptions, type TaskHandle } from '../../src/index.js';
import { closeRedis, connectRedis } from '../../src/queue/index.js';
import { type FakeApi, startFakeApi, TOKEN } from '../support/fake-api.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function setUp(options: Partial<OrchestratorOptions> = {}) {
  const fake = await startFakeApi();
  stops.push(fake.stop);
  const retry = { baseMs: 5, maxMs: 20, attempts: 2 };
  return { fake, client: new Orchestrator({ apiUrl: fake.url, token: TOKEN, retry, ...options }) };
}

async function started(options?: Partial<OrchestratorOptions>) {
  const { fake, client } = await setUp(options);
  const handle = await client.engineering.start({ project: 'todo-api', spec: 'Lists with deadlines\r\n' });
  return { fake, client, handle };
}

async function messagesOf(handle: TaskHandle, since = 0): Promise<(string | null)[]> {
  const messages = [];
  for await (const event of handle.events({ since })) messages.push(event.message);
  return messages;
}

const polls = (fake: FakeApi) => fake.seen.filter(({ path }) => path.endsWith('/events')).length;

describe('starting', () => {
  it('returns a handle at once and sends the spec as it is', async () => {
    const { fake, handle } = await started();

    expect(handle.id).toBe(fake.onlyTask());
    expect(handle.task.status).toBe('queued');
    expect(handle.warnings).toEqual([]);
    expect(fake.seen[0]?.body).toEqual({
      project: 'todo-api',
      type: 'engineering',
      spec: 'Lists with deadlines\r\n',
    });
  });

  it('refuses an empty spec before anything is sent', async () => {
    const { fake, client } = await setUp();

    await expect(client.engineering.start({ project: 'todo-api', spec: ' \n' })).rejects.toMatchObject({
      code: 'SPEC_EMPTY',
    });
    expect(fake.seen).toEqual([]);
  });

  it('stores nothing when it is only checked', async () => {
    const { fake, client } = await setUp();
    Object.assign(fake.projects[0] as object, { main_sha: 'a'.repeat(40) });

    const task = await client.deploy.check({ project: 'todo-api' });

    expect(task.type).toBe('deploy');
    expect(fake.tasks.size).toBe(0);
  });

  it('publishes the very message that the API made, when Redis is in reach', async () => {
    const redis = await startRedis();
    stops.push(redis.stop);
    const { fake, handle } = await started({ redisUrl: redis.url });

    const reader = connectRedis(redis.url);
    const entries = await reader.xrange('engineering:queue', '-', '+');
    await closeRedis(reader);
    const message = JSON.parse(entries[0]?.[1][1] ?? '') as Record<string, unknown>;
    expect(entries).toHaveLength(1);
    expect(message).toMatchObject({ task_id: handle.id, request_id: handle.task.request_id });
    expect(fake.seen.at(-1)).toMatchObject({
      path: `/tasks/${handle.id}/published`,
      body: { request_id: handle.task.request_id },
    });
  });

  it('and whatever else a client does on Redis goes over one connection, which ends with what needed it', async () => {
    const redis = await startRedis();
    stops.push(redis.stop);
    const reader = connectRedis(redis.url);
    const opened = async () => Number(/total_connections_received:(\d+)/.exec(await reader.info('stats'))?.[1]);
    const open = async () => Number(/connected_clients:(\d+)/.exec(await reader.info('clients'))?.[1]);
    const { client } = await setUp({ redisUrl: redis.url });
    const before = await opened();

    await client.engineering.start({ project: 'todo-api', spec: 'A list' });
    await expect.poll(open).toBe(1);
    expect(await opened()).toBe(before + 1);

    await client.queues.list();
    const handle = await client.engineering.start({ project: 'todo-api', spec: 'Another list' });
    await client.tasks.explain(handle.id);
    expect([await opened(), await open()]).toEqual([before + 2, 2]);

    await client.close();
    await expect.poll(open).toBe(1);
    await closeRedis(reader);
  });

  it('only warns when Redis is unavailable: the relay publishes', async () => {
    const startedMs = Date.now();

    const { handle } = await started({ redisUrl: `redis://:sEcReT@127.0.0.1:${await freePort()}` });

    expect(handle.warnings).toHaveLength(1);
    expect(handle.warnings[0]).toContain('relay');
    expect(handle.warnings[0]).not.toContain('sEcReT');
    expect(Date.now() - startedMs).toBeLessThan(4000);
  });
});

describe('events', () => {
  it('come in order, each once, and end with the terminal one', async () => {
    const { fake, handle } = await started();
    const messages = messagesOf(handle);
    for (const message of ['one', 'two', 'three']) {
      fake.emit(handle.id, { message });
      await sleep(20);
    }
    fake.end(handle.id, 'completed');

    expect(await messages).toEqual(['one', 'two', 'three', 'done']);
  });

  it('go on from a given seq', async () => {
    const { fake, handle } = await started();
    for (const message of ['one', 'two']) fake.emit(handle.id, { message });
    fake.end(handle.id, 'completed');

    expect(await messagesOf(handle, 1)).toEqual(['two', 'done']);
  });

  it('are asked for with a shorter wait after a poll that a proxy has cut', async () => {
    const { fake, handle } = await started();
    fake.emit(handle.id, { message: 'one' });
    fake.intercept = ({ path, query }) => {
      const isCut = path.endsWith('/events') && query.get('since') === '1' && Number(query.get('wait_ms')) > 550;
      return isCut ? { status: 408, afterMs: 550 } : undefined;
    };
    const interruptions: string[] = [];
    const messages = [];
    for await (const { message } of handle.events({ onInterruption: ({ code }) => interruptions.push(code) })) {
      messages.push(message);
      if (message === 'one') setTimeout(() => fake.end(handle.id, 'completed'), 700);
    }

    expect(messages).toEqual(['one', 'done']);
    expect(interruptions).toEqual([]);
    const waits = fake.seen.filter(({ path }) => path.endsWith('/events')).map(({ query }) => query.get('wait_ms'));
    expect(waits.slice(0, 2)).toEqual(['15000', '15000']);
    expect(waits.slice(2).every((wait) => Number(wait) < 400)).toBe(true);
    expect(waits.length).toBeLessThan(6);
  });

  it('survive an API that fails for a while, without a gap or a double', async () => {
    const { fake, handle } = await started();
    const interruptions: string[] = [];
    const messages: (string | null)[] = [];
    const following = (async () => {
      for await (const event of handle.events({ onInterruption: ({ code }) => interruptions.push(code) })) {
        messages.push(event.message);
      }
    })();
    fake.emit(handle.id, { message: 'one' });
    await waitFor('the first event', () => messages.length === 1);
    fake.intercept = () => ({ status: 503, body: 'down' });
    fake.emit(handle.id, { message: 'two' });
    await waitFor('an interruption', () => interruptions.length > 0);
    fake.emit(handle.id, { message: 'three' });
    fake.intercept = undefined;
    await waitFor('what was missed', () => messages.length === 3);
    fake.end(handle.id, 'completed');
    await following;

    expect(messages).toEqual(['one', 'two', 'three', 'done']);
    expect(interruptions[0]).toBe('API_UNAVAILABLE');
  });

  it('go past the end of an earlier attempt', async () => {
    const { fake, handle } = await started();
    fake.emit(handle.id, { type: 'failed', request_id: 'earlier', error: 'first try' });
    fake.emit(handle.id, { message: 'second try' });
    fake.end(handle.id, 'completed');

    expect(await messagesOf(handle)).toEqual([null, 'second try', 'done']);
  });

  it('end a little after a task whose last event never comes', async () => {
    const { fake, handle } = await started();
    fake.emit(handle.id, { message: 'one' });
    const task = fake.tasks.get(handle.id);
    if (task) task.status = 'completed';
    const startedMs = Date.now();

    expect(await messagesOf(handle)).toEqual(['one']);
    expect(Date.now() - startedMs).toBeGreaterThan(2500);
    expect(Date.now() - startedMs).toBeLessThan(6000);
  });

  it('stop with the signal', async () => {
    const { fake, handle } = await started();
    const controller = new AbortController();
    const reason = new Error('enough');
    const following = (async () => {
      for await (const _ of handle.events({ signal: controller.signal }));
    })().catch((error: unknown) => error);
    await waitFor('a long poll', () => polls(fake) > 0);
    const startedMs = performance.now();
    controller.abort(reason);

    expect(await following).toBe(reason);
    expect(performance.now() - startedMs).toBeLessThan(50);
  });

  it('end at once with an error that is not retryable', async () => {
    const { fake, handle } = await started();
    fake.tasks.delete(handle.id);

    await expect(messagesOf(handle)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });
});

describe('the result', () => {
  it('is the task, once it has completed', async () => {
    const { fake, handle } = await started();
    const result = handle.result();
    await waitFor('the long poll', () => polls(fake) > 1);
    fake.end(handle.id, 'completed', { result: { status: 'success' } });

    expect(await result).toMatchObject({ id: handle.id, status: 'completed', result: { status: 'success' } });
  });

  it('of a task that ended long ago comes at once', async () => {
    const { fake, client, handle } = await started();
    fake.end(handle.id, 'completed');
    const startedMs = Date.now();

    const ended: 'completed' = (await (await client.tasks.handle(handle.id)).result()).status;
    expect(ended).toBe('completed');

    expect(Date.now() - startedMs).toBeLessThan(1000);
  });

  it('of a failed task is an error that holds the task', async () => {
    const { fake, handle } = await started();
    fake.end(handle.id, 'failed', { error: '3 tests failed', reason: 'tests_failed' });

    await expect(handle.result()).rejects.toMatchObject({
      code: 'TASK_FAILED',
      exitCode: 1,
      message: expect.stringContaining('3 tests failed'),
      details: { id: handle.id, reason: 'tests_failed' },
    });
  });

  it('of a cancelled task is an error of its own', async () => {
    const { fake, handle } = await started();
    await handle.cancel();
    fake.end(handle.id, 'cancelled');

    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_CANCELLED', exitCode: 1 });
    expect(fake.seen.some(({ path }) => path === `/tasks/${handle.id}/cancel`)).toBe(true);
  });

  it('fails after the timeout, and the task goes on', async () => {
    const { fake, handle } = await started();

    await expect(handle.result({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'STILL_RUNNING', exitCode: 8 });
    expect(fake.seen.some(({ path }) => path.endsWith('/cancel'))).toBe(false);
  });

  it('stops with the signal', async () => {
    const { handle } = await started();
    const reason = new Error('enough');

    await expect(handle.result({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('the root of the package', () => {
  it('lists and walks what there is', async () => {
    const { client, handle } = await started();
    const names = [];
    for await (const { name } of client.projects.list()) names.push(name);
    const tasks = await client.tasks.page({ limit: 1 });

    expect(names).toEqual(['todo-api']);
    expect(tasks.items.map(({ id }) => id)).toEqual([handle.id]);
  });
});
