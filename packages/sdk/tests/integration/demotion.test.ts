import { setTimeout as sleep } from 'node:timers/promises';
import { engineeringQueue, taskEvents } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { TransientError } from '../../src/errors.js';
import { closeRedis, connectRedis, LossWatch, publish, readLog } from '../../src/queue/index.js';
import { openQueue } from '../../src/queue/open-queue.js';
import { type RedisBehindName, startRedisBehindName } from '../support/redis-behind-name.js';

/** Milliseconds in which a client is on the new master, once the name leads there. */
const MOVED_MS = 4000;

const STREAM = engineeringQueue.stream;
const task = (task_id: string) => ({ task_id, project_id: 'proj_1', user_id: 0, request_id: task_id });

let servers: RedisBehindName;
beforeEach(async () => {
  servers = await startRedisBehindName();
});
afterEach(() => servers.stop());

async function tasksOn(server: RedisBehindName['next']): Promise<string[]> {
  const entries = await servers.direct(server).xrange(STREAM, '-', '+');
  return entries.map(([, [, data]]) => JSON.parse(data as string).task_id);
}

describe('a master that is demoted behind one name', () => {
  test('is left by a publisher: the message that it refused is published on the new one, once', async () => {
    const redis = connectRedis(servers.url);
    await publish(redis, engineeringQueue, task('before'));
    await servers.failOver();
    const began = performance.now();
    await publish(redis, engineeringQueue, task('after'));
    expect(performance.now() - began).toBeLessThan(MOVED_MS);
    expect(await tasksOn(servers.next)).toEqual(['before', 'after']);
    await closeRedis(redis);
  });

  test('is left by a publisher of a window, with a connection’s database, and without a warning: all is there, once', async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => void warnings.push(message);
    process.on('warning', onWarning);
    const redis = connectRedis(`${servers.url}/2`);
    await publish(redis, engineeringQueue, task('before'));
    await servers.failOver();
    const names = Array.from({ length: 1000 }, (_, i) => `task-${i}`);
    await Promise.all(
      names.map(async (name, i) => {
        await sleep(i % 5);
        await publish(redis, engineeringQueue, task(name));
      }),
    );
    const direct = servers.direct(servers.next);
    await direct.select(2);
    expect((await tasksOn(servers.next)).sort()).toEqual(['before', ...names].sort());
    await closeRedis(redis);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  test('is left by both connections of a consumer: what runs, waits, is put aside and comes is handled, and settled once', async () => {
    const runs: string[] = [];
    let end: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const consumer = runConsumer({
      redisUrl: servers.url,
      contract: engineeringQueue,
      consumer: 'one',
      service: 'test',
      concurrency: 2,
      prefetch: 4,
      leaseMs: 3000,
      handler: async ({ task_id }, { attempt }) => {
        runs.push(task_id);
        if (task_id === 'running') await held;
        if (task_id === 'aside' && attempt === 1) throw new TransientError('later');
      },
    });
    const redis = connectRedis(servers.url);
    await consumer.ready;
    await publish(redis, engineeringQueue, task('aside'));
    await publish(redis, engineeringQueue, task('running'));
    await waitFor('both to run', () => runs.length === 2);
    await waitFor('the retry to be put aside', () => consumer.metrics().retried === 1);
    await servers.failOver();
    const began = performance.now();
    end();
    await publish(redis, engineeringQueue, task('after'));
    await waitFor('all of them', () => runs.length === 4);
    const direct = servers.direct(servers.next);
    await waitFor('an empty queue', async () => (await direct.xlen(STREAM)) === 0);
    expect(performance.now() - began).toBeLessThan(MOVED_MS);
    expect(runs.sort()).toEqual(['after', 'aside', 'aside', 'running']);
    expect((await direct.xpending(STREAM, engineeringQueue.group as string))[0]).toBe(0);
    expect(consumer.metrics()).toMatchObject({ handled: 3, retried: 1, refused: 0, takenOver: 0 });
    await consumer.stop();
    await closeRedis(redis);
  });

  test('is left by a watch of losses, which has the new one looked through', async () => {
    const redis = connectRedis(servers.url);
    const watch = new LossWatch(redis, 'test');
    let repairs = 0;
    const repair = async () => {
      repairs += 1;
    };
    await waitFor('the first look', async () => {
      await watch.check(repair);
      return repairs === 1;
    });
    await servers.failOver();
    await waitFor('another look', async () => {
      await watch.check(repair);
      return repairs === 2;
    });
    expect(await servers.direct(servers.next).get('loss-watch:test')).toMatch(/^\w{40}$/);
    await closeRedis(redis);
  });
});

describe('a name that leads to the demoted master for a while', () => {
  test('brings a reader of a log to the new master in the end, and it misses nothing', async () => {
    const redis = connectRedis(servers.url);
    const event = (message: string) => ({ type: 'progress' as const, request_id: 'r', task_id: 't', message });
    await publish(redis, taskEvents, event('before'));
    const seen: unknown[] = [];
    const ending = new AbortController();
    const reading = (async () => {
      for await (const { message } of readLog(redis, taskEvents, { from: '0', signal: ending.signal })) {
        seen.push(message.message);
      }
    })();
    await waitFor('the first', () => seen.length === 1);
    await servers.caughtUp();
    await servers.promote();
    await servers.demote({ isolated: true });
    const onNext = connectRedis(servers.next.url);
    await publish(onNext, taskEvents, event('after'));
    await sleep(1500);
    expect(seen).toEqual(['before']);
    servers.leadTo(servers.next);
    await waitFor('the second', () => seen.length === 2, { timeoutMs: MOVED_MS });
    expect(seen).toEqual(['before', 'after']);
    ending.abort();
    await reading;
    await Promise.all([closeRedis(redis), closeRedis(onNext)]);
  });

  test('and whose connections were never blocked is left for the new master: reading alone tells nobody of a demotion', async () => {
    const redis = connectRedis(servers.url);
    await redis.set('place', 'old');
    await servers.caughtUp();
    await servers.promote();
    servers.leadTo(servers.next);
    await servers.demote({ isolated: true });
    await servers.direct(servers.next).set('place', 'new');
    await waitFor('the new place', async () => (await redis.get('place')) === 'new', { timeoutMs: 8000 });
    await closeRedis(redis);
  });

  test('is told as such to whoever waits: the address leads to a replica', async () => {
    servers.leadTo(servers.next);
    const began = performance.now();
    await expect(openQueue(servers.url, 'test')).rejects.toThrow(/REDIS_UNAVAILABLE|replica/);
    expect(performance.now() - began).toBeLessThan(3500);
  });
});

test('a consumer whose reader was moved before its old master was demoted is not split: its commands follow', async () => {
  const seen: string[] = [];
  const consumer = runConsumer({
    redisUrl: servers.url,
    contract: engineeringQueue,
    consumer: 'one',
    service: 'test',
    leaseMs: 1000,
    handler: async ({ task_id }) => void seen.push(task_id),
  });
  const onNext = connectRedis(servers.next.url);
  await consumer.ready;
  const old = servers.direct(servers.old);
  const reader = await waitFor('the reader', async () =>
    /^id=(\d+) .*cmd=xreadgroup /m.exec(String(await old.client('LIST'))),
  );
  await servers.caughtUp();
  await servers.promote();
  servers.leadTo(servers.next);
  await old.call('CLIENT', 'KILL', 'ID', reader[1] as string);
  await waitFor('the new master', () => onNext.status === 'ready' && onNext.set('up', '1').catch(() => false));
  await publish(onNext, engineeringQueue, task('there'));
  await waitFor('the message', () => seen.length === 1, { timeoutMs: MOVED_MS });
  await waitFor('its end', async () => (await onNext.xlen(STREAM)) === 0, { timeoutMs: MOVED_MS });
  expect(seen).toEqual(['there']);
  await consumer.stop();
  await closeRedis(onNext);
});
