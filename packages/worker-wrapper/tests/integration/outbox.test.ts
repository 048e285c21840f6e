import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@codegen/sdk/queue';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { Outbox, type TurnRecord } from '../../src/outbox.js';

let server: TestRedis;
let redis: Redis;
let folder: Awaited<ReturnType<typeof tempFolder>>;
beforeEach(async () => {
  folder = await tempFolder('codegen-outbox');
  server = await startRedis();
  redis = openRedis(server.url);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
  await folder.remove();
});

const broken = {
  output: { request_id: 'r-1', task_id: 'task_1', worker_id: 'w-1', epoch: 3, status: 'success', duration_ms: 'long' },
  lifecycle: { worker_id: 'w-1', request_id: 'r-1', event: 'completed' },
} as unknown as TurnRecord;

it('an invalid result becomes a failed one with the reason, and is not retried for ever', async () => {
  const signal = AbortSignal.timeout(5000);
  const options = { workerDir: folder.path, workerId: 'w-1', redis, logger: silentLogger, signal };
  const outbox = new Outbox({ ...options, workerType: 'developer' });
  await outbox.keep('r-1', broken);
  await outbox.deliver('r-1', broken);
  const [entry] = await redis.xrange('worker:developer:output', '-', '+');
  const output = JSON.parse(entry?.[1][1] as string);
  expect(output).toMatchObject({ request_id: 'r-1', task_id: 'task_1', epoch: 3, status: 'failed' });
  expect(output.reason).toBe('agent_failed');
  expect(output.error).toContain('duration_ms');
  const [event] = await redis.xrange('worker:lifecycle', '-', '+');
  expect(JSON.parse(event?.[1][1] as string)).toMatchObject({ event: 'failed', request_id: 'r-1' });
  expect(await readdir(join(folder.path, 'outbox'))).toEqual([]);
  expect((await outbox.find('r-1'))?.output).toEqual(output);
});
