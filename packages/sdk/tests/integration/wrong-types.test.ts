import { workerCommands, workerResponses } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { runConsumer } from '../../src/consumer/index.js';
import { LossWatch, publish, readLog } from '../../src/queue/index.js';
import { type Bench, openBench } from '../bench.js';

const OLD_COMMANDS = 'cli-agent:commands';
const OLD_RESPONSES = 'cli-agent:responses';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const deletion = (request_id: string) => ({ command: 'delete' as const, request_id, worker_id: 'w-1' });

describe('a key of another type than it should be', () => {
  test('in the place of a legacy stream keeps no consumer from its own, and is read once it is a stream', async () => {
    await bench.redis.set(OLD_COMMANDS, 'no stream');
    const seen: string[] = [];
    const consumer = runConsumer({
      redisUrl: bench.server.url,
      contract: workerCommands,
      consumer: 'one',
      service: 'test',
      leaseMs: 1000,
      handler: async ({ request_id }) => void seen.push(request_id),
    });
    await consumer.ready;
    await publish(bench.redis, workerCommands, deletion('beside it'));
    await waitFor('the first', () => seen.length === 1);

    await bench.redis.del(OLD_COMMANDS);
    await bench.redis.xadd(OLD_COMMANDS, '*', 'data', JSON.stringify(deletion('old')));
    await publish(bench.redis, workerCommands, deletion('the next'));
    await waitFor('both', () => seen.length === 3);
    await bench.redis.del(OLD_COMMANDS);
    await bench.redis.set(OLD_COMMANDS, 'no stream again');
    await publish(bench.redis, workerCommands, deletion('after it'));
    await waitFor('the last', () => seen.length === 4);
    expect(seen.sort()).toEqual(['after it', 'beside it', 'old', 'the next']);
    await consumer.stop();
  });

  test('in the place of a legacy stream keeps nobody from reading a log', async () => {
    await bench.redis.set(OLD_RESPONSES, 'no stream');
    await publish(bench.redis, workerResponses, { request_id: 'new', success: true });
    const { signal } = new AbortController();
    for await (const { message } of readLog(bench.redis, workerResponses, { from: '0', signal })) {
      expect(message.request_id).toBe('new');
      break;
    }
  });

  test('in the place of the mark of losses counts as a mark that is gone', async () => {
    await bench.redis.rpush('loss-watch:test', 'no mark');
    const watch = new LossWatch(bench.redis, 'test');
    let repairs = 0;
    for (let looks = 0; looks < 2; looks += 1) {
      await watch.check(async () => {
        repairs += 1;
      });
    }
    expect(repairs).toBe(1);
  });
});
