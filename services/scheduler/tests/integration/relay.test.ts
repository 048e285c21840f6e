import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CreatedTask, decodeEntry, engineeringQueue } from '@codegen/contracts';
import { type Api, createApi } from '@codegen/sdk/api';
import { closeRedis, connectRedis, publish, type Redis } from '@codegen/sdk/queue';
import { startService } from '@codegen/sdk/service';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { program } from '../../../../tests/support/program.js';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { createRelay } from '../../src/jobs/relay.js';
import { scheduler } from '../../src/scheduler.js';

/** The API as its own process, which may be killed and started again on the same folder. */
async function startApiProcess(folder: string) {
  const port = await freePort();
  const token = `cgk_00000000_${'A'.repeat(43)}`;
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, token);
  const url = `http://127.0.0.1:${port}`;
  const launch = async () => {
    const env = { ...process.env, DATA_DIR: folder, PORT: String(port), ADMIN_TOKEN_FILE: tokenFile };
    const child = spawn(process.execPath, [program('api')], { env, stdio: 'ignore' });
    await waitFor('the API', async () => (await fetch(`${url}/health`)).ok, { timeoutMs: 30_000 });
    return child;
  };
  let child = await launch();
  const end = async (signal: NodeJS.Signals) => {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    ...{ url, token },
    kill: () => end('SIGKILL'),
    async start() {
      child = await launch();
    },
    stop: () => end('SIGTERM'),
  };
}

let folder: Awaited<ReturnType<typeof tempFolder>>;
let server: Awaited<ReturnType<typeof startApiProcess>>;
let redisServer: TestRedis;
let redis: Redis;
let api: Api;
let projects = 0;

beforeAll(async () => {
  folder = await tempFolder('codegen-relay');
  [server, redisServer] = await Promise.all([startApiProcess(folder.path), startRedis()]);
  redis = connectRedis(redisServer.url);
  api = createApi({ apiUrl: server.url, token: server.token });
});
afterAll(async () => {
  await closeRedis(redis);
  await Promise.all([server.stop(), redisServer.stop()]);
  await folder.remove();
});
beforeEach(async () => {
  for await (const { id, request_id } of api.tasks.list({ status: 'queued' })) {
    await api.tasks.claim(id, { request_id });
    await api.events.record({
      events: [{ entry_id: `start-${id}`, event: { type: 'started', request_id, task_id: id } }],
    });
  }
  await redis.flushall();
});

const start = () =>
  startService(scheduler, {
    redisUrl: redisServer.url,
    api: { url: server.url, token: server.token },
    intervalMs: 100,
  });

async function newTask(): Promise<CreatedTask> {
  projects += 1;
  const project = await api.projects.create({ name: `relay-${projects}` });
  return api.tasks.create({ project: project.id, type: 'engineering', spec: 'Make it so.' });
}

/** A task as its creator leaves it: published, and noted as published. */
async function publishedTask(): Promise<CreatedTask> {
  const created = await newTask();
  await publish(redis, engineeringQueue, created.message);
  await api.tasks.published(created.task.id, { request_id: created.message.request_id });
  return created;
}

/** The messages of the stream, as a consumer reads them. */
async function messages() {
  const entries = await redis.xrange('engineering:queue', '-', '+');
  return entries.map(([, [field = '', data = '']]) => {
    const decoded = decodeEntry(engineeringQueue, { [field]: data });
    if (!decoded.ok) throw new Error(decoded.error);
    return decoded.message;
  });
}

test('a task that nobody published reaches its stream within seconds, once, to the letter', async () => {
  const created = await newTask();
  const startMs = performance.now();
  const scheduler = await start();
  await waitFor('the message', async () => (await messages()).length > 0);
  expect(performance.now() - startMs).toBeLessThan(3000);
  await sleep(500);
  expect(await messages()).toEqual([created.message]);
  expect(await api.outbox()).toEqual([]);
  await scheduler.stop();
});

test('what the creator published itself is left alone', async () => {
  const created = await publishedTask();
  const scheduler = await start();
  await sleep(1700);
  expect(await messages()).toEqual([created.message]);
  await scheduler.stop();
});

test('what Redis lost is published again within seconds, and nothing that is still in the queue or put aside', async () => {
  const [waiting, delayed, lost, second] = [
    await publishedTask(),
    await publishedTask(),
    await publishedTask(),
    await publishedTask(),
  ];
  const [, aside, gone] = await redis.xrange('engineering:queue', '-', '+');
  await redis.zadd('{engineering:queue}:delayed', Date.now() + 60_000, JSON.stringify({ fields: aside?.[1] }));
  await redis.xdel('engineering:queue', aside?.[0] as string, gone?.[0] as string);
  const scheduler = await start();
  await waitFor('the message', async () => (await messages()).length === 3);
  await sleep(300);
  expect(await messages()).toEqual([waiting.message, second.message, lost.message]);

  await redis.flushall();
  await waitFor('the messages', async () => (await messages()).length === 4);
  await sleep(300);
  const ids = (await messages()).map((one) => one.task_id);
  expect(ids.sort()).toEqual([waiting, delayed, lost, second].map(({ task }) => task.id).sort());
  await scheduler.stop();
});

test('with Redis away it goes on trying, and publishes when Redis is back', async () => {
  await redisServer.kill();
  const scheduler = await start();
  const created = await newTask();
  await sleep(1500);
  await redisServer.restart();
  await waitFor('the message', async () => (await messages()).some((one) => one.task_id === created.task.id), {
    timeoutMs: 20_000,
  });
  await scheduler.stop();
});

test('with the API killed it goes on trying, and publishes when the API is back', async () => {
  const created = await newTask();
  await server.kill();
  const scheduler = await start();
  await sleep(1000);
  await server.start();
  await waitFor('the message', async () => (await messages()).some((one) => one.task_id === created.task.id), {
    timeoutMs: 20_000,
  });
  await scheduler.stop();
});

test('stopping does not wait for a Redis that is away', async () => {
  await redisServer.kill();
  const scheduler = await start();
  await newTask();
  await sleep(1500);
  const startMs = performance.now();
  await scheduler.stop();
  expect(performance.now() - startMs).toBeLessThan(7000);
  await redisServer.restart();
});

test('entries that cannot be published do not hold up the others, and rest longer each time', async () => {
  const good = await newTask();
  const bad = await newTask();
  const published: string[] = [];
  const warnings: object[] = [];
  const entry = ({ task, stream, message }: CreatedTask) => ({ task_id: task.id, stream, message });
  const relay = createRelay({
    redis,
    api: {
      outbox: async () => [
        { ...entry(bad), stream: 'unheard-of:queue' },
        { ...entry(bad), task_id: 'task_broken', message: { ...bad.message, user_id: 0.5 } },
        entry(good),
      ],
      tasks: { ...api.tasks, published: async (id) => void published.push(id) },
    },
    logger: { debug() {}, info() {}, error() {}, warn: (fields) => void warnings.push(fields) },
  });
  const { signal } = new AbortController();
  expect(await relay.round(signal)).toEqual({ found: 3, published: 1, failed: 2 });
  expect(await relay.round(signal)).toEqual({ found: 3, published: 1, failed: 0 });
  expect(published).toEqual([good.task.id, good.task.id]);
  expect(warnings).toHaveLength(2);
});

test('as many bad entries as a round takes do not keep the next one out', async () => {
  const { task, stream, message } = await newTask();
  const good = { task_id: task.id, stream, message };
  const bad = Array.from({ length: 100 }, (_, index) => ({
    ...good,
    task_id: `bad_${index}`,
    stream: 'unheard-of:queue',
  }));
  const published: string[] = [];
  const relay = createRelay({
    redis,
    api: {
      outbox: async ({ limit } = {}) => [...bad, good].slice(0, limit),
      tasks: { ...api.tasks, published: async (id) => void published.push(id) },
    },
    logger: { debug() {}, info() {}, error() {}, warn() {} },
  });
  const { signal } = new AbortController();
  await relay.round(signal);
  await relay.round(signal);
  expect(published).toEqual([task.id]);
});

test('a key that the API refuses ends the jobs: nothing is away then', async () => {
  const api = { url: server.url, token: 'cgk_no' };
  const service = await startService(scheduler, { redisUrl: redisServer.url, api });
  await expect(service.done).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await service.stop();
});
