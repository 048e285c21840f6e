import { engineeringQueue } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { isOrchestratorError } from '../../src/errors.js';
import { connectQueue, publish, type QueueStore } from '../../src/queue/index.js';
import { startCluster, type TestCluster } from '../support/redis-cluster.js';
import { startSentinels, type TestSentinels } from '../support/redis-sentinel.js';

const message = (task_id: string) => ({ task_id, project_id: 'proj_1', user_id: 0 });

/** Publishes as a caller would who was told to try again. */
async function publishAtLast(queue: QueueStore, taskId: string): Promise<void> {
  await waitFor(
    `${taskId} to be published`,
    () =>
      publish(queue, engineeringQueue, { ...message(taskId), request_id: taskId }).catch((error) => {
        if (isOrchestratorError(error) && error.retryable) return false;
        throw error;
      }),
    { timeoutMs: 30_000 },
  );
}

describe('behind Sentinels', () => {
  let servers: TestSentinels;
  let queue: QueueStore;
  beforeAll(async () => {
    servers = await startSentinels();
    queue = connectQueue(servers.url);
  });
  afterAll(async () => {
    await queue.close();
    await servers.stop();
  });

  test('a killed master is followed by its replica: what was there is handled, and what comes', async () => {
    const seen = new Set<string>();
    for (const name of ['1', '2', '3']) await publish(queue, engineeringQueue, message(name));
    const direct = openRedis(servers.master.url);
    expect(await direct.wait(1, 2000)).toBe(1);
    direct.disconnect();
    await servers.master.kill();
    const consumer = runConsumer({
      redisUrl: servers.url,
      contract: engineeringQueue,
      consumer: 'a',
      service: 'test',
      handler: async ({ task_id }) => void seen.add(task_id),
    });
    try {
      await publishAtLast(queue, '4');
      await waitFor('all four', () => seen.size === 4, { timeoutMs: 30_000 });
      const promoted = openRedis(servers.replica.url);
      expect(await promoted.info('replication')).toContain('role:master');
      await waitFor('an empty stream', async () => (await promoted.xlen(engineeringQueue.stream)) === 0);
      promoted.disconnect();
    } finally {
      await consumer.stop();
    }
  });
});

describe('on a Cluster', () => {
  let servers: TestCluster;
  beforeAll(async () => {
    servers = await startCluster();
  });
  afterAll(() => servers.stop());

  test('that is away, publishing fails within about five seconds, a consumer stops, and both go on when it is back', async () => {
    const queue = connectQueue(servers.url);
    const seen = new Set<string>();
    const start = (consumer: string) =>
      runConsumer({
        redisUrl: servers.url,
        contract: engineeringQueue,
        consumer,
        service: 'test',
        handler: async ({ task_id }) => void seen.add(task_id),
      });
    const stays = start('stays');
    const leaves = start('leaves');
    try {
      await Promise.all([stays.ready, leaves.ready]);
      await publish(queue, engineeringQueue, message('before'));
      // Acknowledged as well: what is still to be settled would hold the stop up until its deadline.
      await waitFor('the one before', () => stays.metrics().handled + leaves.metrics().handled === 1);
      await Promise.all(servers.nodes.map((node) => node.kill()));
      const began = performance.now();
      const failure = await publish(queue, engineeringQueue, message('lost')).then(
        () => undefined,
        (error) => error,
      );
      expect(isOrchestratorError(failure) && failure.code).toBe('REDIS_UNAVAILABLE');
      expect(performance.now() - began).toBeLessThan(8000);
      const stopping = performance.now();
      await leaves.stop();
      expect(performance.now() - stopping).toBeLessThan(12_000);
      await Promise.all(servers.nodes.map((node) => node.restart()));
      await publishAtLast(queue, 'after');
      await waitFor('the one after', () => seen.has('after'), { timeoutMs: 30_000 });
    } finally {
      await Promise.all([stays.stop(), leaves.stop()]);
      await queue.close();
    }
  });
});
