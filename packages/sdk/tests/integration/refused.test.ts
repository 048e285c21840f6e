import { engineeringQueue } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { connectQueue, publish, type QueueStore } from '../../src/queue/index.js';

const task = { task_id: 'one', project_id: 'p', user_id: 0 };

let server: TestRedis;
let queue: QueueStore | undefined;
beforeAll(async () => {
  server = await startRedis(['--databases', '2', '--requirepass', 'right']);
});
afterEach(() => queue?.close());
afterAll(() => server.stop());

function at(credentials: string, database = ''): string {
  return `redis://${credentials}@127.0.0.1:${server.port}${database}`;
}

/** How publishing there fails, once or twice in one go. */
async function failuresOf(url: string, times = 1): Promise<unknown[]> {
  queue = connectQueue(url);
  const to = queue;
  const published = await Promise.allSettled(Array.from({ length: times }, () => publish(to, engineeringQueue, task)));
  return published.map((one) => (one.status === 'rejected' ? one.reason : one.value));
}

describe('a Redis that refuses us', () => {
  test.each([
    ['a wrong password', ':wrong'],
    ['no password', ''],
    ['an unknown user', 'nobody:right'],
  ])('for %s is UNAUTHENTICATED, and says what to check', async (_, credentials) => {
    const [error] = await failuresOf(at(credentials));
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(/Check the user and the/) });
    expect(String(error)).not.toContain('wrong');
  });

  test('for a database that it does not have is NOT_CONFIGURED; nothing goes to another database', async () => {
    const [error] = await failuresOf(at(':right', '/9'));
    expect(error).toMatchObject({ code: 'NOT_CONFIGURED', message: expect.stringMatching(/database.*\/0/) });
    const first = openRedis(at(':right'));
    expect(await first.dbsize()).toBe(0);
    first.disconnect();
  });

  test('under a waiting consumer is told once as an error, and it begins when it is let in', async () => {
    const told: object[] = [];
    const silent = () => undefined;
    const consumer = runConsumer({
      redisUrl: at('late:in-time'),
      contract: engineeringQueue,
      consumer: 'c',
      service: 'test',
      logger: { debug: silent, info: silent, warn: silent, error: (bindings) => void told.push(bindings) },
      handler: async () => undefined,
    });
    const admin = openRedis(at(':right'));
    try {
      await waitFor('the error', () => told.length);
      await admin.acl('SETUSER', 'late', 'on', '>in-time', '~*', '&*', '+@all');
      await consumer.ready;
      expect(told).toEqual([expect.objectContaining({ error: expect.stringMatching(/Check the user and the/) })]);
    } finally {
      admin.disconnect();
      await consumer.stop();
    }
  });
});

test.each(['/one', '/-1', '/1/2', '/1.5'])('a URL with the database %s is none', (database) => {
  expect(() => connectQueue(at(':right', database))).toThrow(expect.objectContaining({ code: 'NOT_CONFIGURED' }));
});

describe('a Cluster that was never there', () => {
  test.each([1, 2])('fails %i publishing in one go within about five seconds', async (times) => {
    const began = performance.now();
    const failures = await failuresOf('redis+cluster://127.0.0.1:1', times);
    expect(failures).toHaveLength(times);
    for (const error of failures) expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(performance.now() - began).toBeLessThan(8000);
  });
});
