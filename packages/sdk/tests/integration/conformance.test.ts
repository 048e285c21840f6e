import { afterAll, beforeAll, describe, test } from 'vitest';
import { openRedis, startRedis } from '../../../../tests/support/redis.js';
import { connectQueue, type QueueStore } from '../../src/queue/index.js';
import { memoryQueue, queueConformance } from '../../src/testing/index.js';
import { startCluster } from '../support/redis-cluster.js';
import { startSentinels } from '../support/redis-sentinel.js';

interface Backend {
  readonly queue: QueueStore;
  clear(): Promise<void>;
  stop(): Promise<void>;
}

async function oneServer(): Promise<Backend> {
  const server = await startRedis();
  const redis = openRedis(server.url);
  return {
    queue: connectQueue(server.url),
    clear: async () => void (await redis.flushall()),
    stop: async () => {
      redis.disconnect();
      await server.stop();
    },
  };
}

async function cluster(): Promise<Backend> {
  const servers = await startCluster();
  return { queue: connectQueue(servers.url), clear: servers.clear, stop: servers.stop };
}

async function sentinels(): Promise<Backend> {
  const servers = await startSentinels();
  return { queue: connectQueue(servers.url), clear: servers.clear, stop: servers.stop };
}

async function inMemory(): Promise<Backend> {
  const queue = memoryQueue();
  return { queue, clear: async () => queue.clear(), stop: async () => undefined };
}

describe.each([
  ['in memory', inMemory],
  ['on one Redis', oneServer],
  ['behind Sentinels', sentinels],
  ['on a Redis Cluster', cluster],
])('queues %s', (_, open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(async () => {
    await backend.queue.close();
    await backend.stop();
  });
  describe.concurrent('side by side', () => {
    for (const { title, run } of queueConformance.filter(({ alone }) => !alone)) test(title, () => run(backend));
  });
  for (const { title, run } of queueConformance.filter(({ alone }) => alone)) test(title, () => run(backend));
});
