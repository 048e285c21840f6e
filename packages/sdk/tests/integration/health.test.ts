import { setTimeout as sleep } from 'node:timers/promises';
import { scaffolderQueue } from '@codegen/contracts';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { startRedis } from '../../../../tests/support/redis.js';
import { type ConsumerOptions, runConsumer } from '../../src/consumer/index.js';
import { PermanentError } from '../../src/errors.js';
import { publish } from '../../src/queue/index.js';
import { type ServiceSettings, startService } from '../../src/service/index.js';
import { memoryQueue } from '../../src/testing/index.js';
import { startFakeApi } from '../support/fake-api.js';

const message = { project_id: 'p', repo_full_name: 'local/p', project_name: 'p', modules: [] };

/** A service that consumes `scaffolder:queue`, and what its health answers. */
async function start(settings: ServiceSettings, handler: ConsumerOptions<typeof scaffolderQueue>['handler']) {
  const health = { host: '127.0.0.1', port: await freePort() };
  const service = await startService(
    {
      name: 'scaffolder',
      start: async ({ keep, consumer }) => {
        keep(runConsumer({ ...consumer, contract: scaffolderQueue, handler, retry: { transient: [60_000] } }));
      },
    },
    { ...settings, instance: 'one', health },
  );
  onTestFinished(() => service.stop());
  const get = async (path: string, method = 'GET') => {
    const answer = await fetch(`http://127.0.0.1:${health.port}${path}`, { method });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  return { service, get };
}

test('Metrics are Prometheus text: what was done with the messages of each queue, how long it took, and what waits', async () => {
  const queue = memoryQueue();
  const { get } = await start({ queue }, async ({ project_name: name }) => {
    if (name === 'poison') throw new PermanentError('no');
    if (name === 'later') throw new Error('not yet');
    if (name === 'slow') await sleep(30);
  });
  for (const name of ['slow', 'fast', 'poison', 'later']) {
    await publish(queue, scaffolderQueue, { ...message, project_name: name });
  }
  const sample = (text: string, name: string) => text.split('\n').find((line) => line.startsWith(`${name}{`));
  const of = 'service="scaffolder",queue="scaffolder:queue"';
  await expect.poll(async () => (await get('/metrics')).text).toContain(`codegen_messages_retried_total{${of}} 1`);
  const { status, type, text } = await get('/metrics');
  expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  expect(sample(text, 'codegen_messages_handled_total')).toBe(`codegen_messages_handled_total{${of}} 2`);
  expect(sample(text, 'codegen_messages_failed_total')).toBe(`codegen_messages_failed_total{${of}} 2`);
  expect(sample(text, 'codegen_messages_dead_lettered_total')).toBe(`codegen_messages_dead_lettered_total{${of}} 1`);
  expect(sample(text, 'codegen_queue_delayed')).toBe(`codegen_queue_delayed{${of}} 1`);
  expect(sample(text, 'codegen_queue_waiting')).toBe(`codegen_queue_waiting{${of}} 0`);
  expect(sample(text, 'codegen_message_duration_seconds_count')).toBe(
    `codegen_message_duration_seconds_count{${of}} 4`,
  );
  expect(text).toContain(`codegen_message_duration_seconds_bucket{${of},le="0.005"} 3\n`);
  expect(text).toContain(`codegen_message_duration_seconds_bucket{${of},le="+Inf"} 4\n`);
  expect(text).toMatch(/^codegen_service_info\{service="scaffolder",instance="one",version="[\d.]+"\} 1$/m);
  // Each line is a comment or a sample of a name that has its type before it.
  const types = new Map(
    [...text.matchAll(/^# TYPE (\w+) (counter|gauge|histogram)$/gm)].map(([, name, kind]) => [name, kind]),
  );
  for (const line of text.trimEnd().split('\n')) {
    const [, name = ''] = /^(?:# (?:HELP|TYPE) )?(\w+)(?:\{(?:\w+="[^"]*",?)*\})? \S/.exec(line) ?? [];
    expect(types.has(name.replace(/_(bucket|sum|count)$/, '')) || types.has(name), line).toBe(true);
  }
});

test('A service is ready while Redis and the API answer and it does not stop; alive all the while', async () => {
  const [redis, api] = await Promise.all([startRedis(), startFakeApi()]);
  onTestFinished(() => Promise.all([redis.stop(), api.stop()]).then(() => undefined));
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const settings = { redisUrl: redis.url, api: { url: api.url, token: api.makeToken(['*'], 'service') } };
  const { service, get } = await start(settings, () => ended);
  const ready = async () => {
    const { status, text } = await get('/readyz');
    return `${status} ${text}`;
  };
  await expect.poll(ready).toBe('200 ready\n');
  api.intercept = () => ({ status: 503, body: {} });
  expect(await ready()).toBe('503 not ready: the API is away\n');
  await redis.kill();
  expect(await ready()).toBe('503 not ready: Redis is away\nnot ready: the API is away\n');
  expect(await get('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  // What waits in Redis is unknown; what was done is not.
  const { text } = await get('/metrics');
  expect([text.includes('codegen_queue_waiting'), text.includes('codegen_messages_handled_total')]).toEqual([
    false,
    true,
  ]);
  api.intercept = undefined;
  await redis.restart();
  await expect.poll(ready).toBe('200 ready\n');

  const queue = (await import('../../src/queue/index.js')).connectQueue(redis.url);
  onTestFinished(() => queue.close());
  await publish(queue, scaffolderQueue, message);
  await expect
    .poll(async () => (await get('/metrics')).text)
    .toContain('codegen_handlers_running{service="scaffolder",queue="scaffolder:queue"} 1');
  const stopping = service.stop();
  expect(await ready()).toBe('503 not ready: the service is stopping\n');
  expect(await get('/healthz')).toMatchObject({ status: 200 });
  end();
  await stopping;
  await expect(get('/healthz')).rejects.toThrow();
});

test('Nothing else is served, and a port that is taken is named', async () => {
  const { get } = await start({ queue: memoryQueue() }, async () => undefined);
  expect(await get('/')).toMatchObject({ status: 404 });
  expect(await get('/metrics', 'POST')).toMatchObject({ status: 405 });
  const port = await freePort();
  const settings = { health: { host: '127.0.0.1', port } };
  const first = await startService({ name: 'example', start: async () => undefined }, settings);
  onTestFinished(() => first.stop());
  const second = startService({ name: 'example', start: async () => undefined }, settings);
  await expect(second).rejects.toThrow(`HEALTH_PORT: nothing can listen at 127.0.0.1 port ${port} (EADDRINUSE)`);
});
