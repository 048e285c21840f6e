import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ansibleDeployResults } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { answerOnce, recordedAnswer } from '../../src/queue/index.js';
import { type Bench, GROUP, openBench, STREAM } from '../bench.js';

const LEASE_MS = 1000;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

async function drained(): Promise<boolean> {
  return (await bench.redis.xlen(STREAM)) === 0;
}

describe('a consumer killed in mid-handler', () => {
  test('is followed by a running peer within 1.5 times the lease', async () => {
    const doomed = bench.consumeInProcess('hang', { consumer: 'doomed', leaseMs: LEASE_MS });
    await doomed.said('ready');
    await bench.add('one');
    await doomed.said('started one');
    let takenAt = 0;
    const peer = bench.consume(
      async (message, { attempt }) => {
        expect([message.task_id, attempt]).toEqual(['one', 1]);
        takenAt = Date.now();
      },
      { leaseMs: LEASE_MS },
    );
    await peer.ready;
    // The living consumer's lease is renewed: the peer gets nothing.
    await sleep(LEASE_MS * 2);
    expect(takenAt).toBe(0);
    const killedAt = Date.now();
    await doomed.kill();
    await waitFor('the takeover', () => takenAt);
    expect(takenAt - killedAt).toBeLessThan(LEASE_MS * 1.5);
    await waitFor('the end', drained);
  });

  test('is followed by its own next process at once', async () => {
    const doomed = bench.consumeInProcess('hang', { consumer: 'same', leaseMs: 60_000 });
    await doomed.said('ready');
    await bench.add('one');
    await doomed.said('started one');
    await doomed.kill();
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id), { consumer: 'same', leaseMs: 60_000 });
    await waitFor('the message', () => seen.length, { timeoutMs: 3000 });
    await waitFor('the end', drained);
  });

  test('after the effect and before the acknowledgement leaves the message to a peer, which sees it again', async () => {
    const doomed = bench.consumeInProcess('effect-then-die', { consumer: 'doomed', leaseMs: LEASE_MS });
    const exited = once(doomed.child, 'exit');
    await doomed.said('ready');
    await bench.add('one');
    await exited;
    let redeliveries = 0;
    bench.consume(
      async (message) => {
        // Effects happen once: whoever handles a message looks first whether it has been handled.
        if (Number(await bench.redis.get(`effects:${message.task_id}`)) > 0) redeliveries += 1;
        else await bench.redis.incr(`effects:${message.task_id}`);
      },
      { leaseMs: LEASE_MS },
    );
    await waitFor('the redelivery', async () => redeliveries === 1 && (await drained()));
    expect(await bench.redis.get('effects:one')).toBe('1');
  });

  test('after its answer and before the acknowledgement leaves a redelivery that answers nothing new', async () => {
    const doomed = bench.consumeInProcess('answer-then-die', { consumer: 'doomed', leaseMs: LEASE_MS });
    const exited = once(doomed.child, 'exit');
    await doomed.said('ready');
    await bench.add('one');
    await exited;
    let effects = 0;
    let redeliveries = 0;
    bench.consume(
      async ({ request_id }) => {
        redeliveries += 1;
        const key = `deploy:result:${request_id}`;
        if (await recordedAnswer({ redis: bench.redis, key, contract: ansibleDeployResults })) return;
        effects += 1;
        const message = { request_id, status: 'success' as const, deployed_url: 'http://another.example' };
        await answerOnce({ redis: bench.redis, key, contract: ansibleDeployResults, message });
      },
      { leaseMs: LEASE_MS },
    );
    await waitFor('the redelivery', async () => redeliveries === 1 && (await drained()));
    const answers = await bench.redis.xrange(ansibleDeployResults.stream, '-', '+');
    expect([effects, answers.length, JSON.stringify(answers).includes('one.example')]).toEqual([0, 1, true]);
  });

  test('again and again has its message dead-lettered as crash_loop', async () => {
    await bench.add('deadly');
    for (let kills = 0; kills < 3; kills += 1) {
      const doomed = bench.consumeInProcess('die', { consumer: `doomed-${kills}`, leaseMs: 50 });
      await once(doomed.child, 'exit');
    }
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id), { leaseMs: 50, maxTakeovers: 2 });
    const letters = await waitFor('the dead letter', async () => {
      const found = await bench.deadLetters();
      return found.length > 0 && found;
    });
    expect(letters).toMatchObject([{ context: { code: 'crash_loop', attempts: 1 } }]);
    expect(seen).toEqual([]);
  });
});

describe('a lease', () => {
  test('lost in a blocked event loop fences the loser: its completion is refused', async () => {
    const blocked = bench.consumeInProcess('block', { consumer: 'blocked', leaseMs: LEASE_MS });
    await blocked.said('ready');
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await bench.add('one');
    await blocked.said('started one');
    let taken = false;
    bench.consume(
      async () => {
        taken = true;
        await held;
      },
      { leaseMs: LEASE_MS },
    );
    await blocked.said('unblocked one');
    await blocked.said('log lease lost: the outcome is refused');
    // The loser is done, the winner not: the entry must still be there, and be the winner's.
    expect(taken).toBe(true);
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM)]).toEqual([1, 1]);
    release();
    await waitFor('the end', drained);
  });

  test('lost again and again by a message that stops the loop uses up its attempts', async () => {
    const names = ['a', 'b'];
    const blocked = names.map((consumer) => bench.consumeInProcess('block', { consumer, leaseMs: 400 }));
    await Promise.all(blocked.map((one) => one.said('ready')));
    await bench.add('heavy');
    const [letter] = await waitFor(
      'the dead letter',
      async () => (await bench.deadLetters()).slice(0, 1)[0] && bench.deadLetters(),
    );
    const started = blocked.flatMap(({ lines }) => lines).filter((line) => line === 'started heavy').length;
    expect(letter?.context).toMatchObject({
      code: 'leases_lost',
      error: expect.stringMatching(/^lost its lease \d times/),
    });
    expect(letter?.context.attempts).toBeGreaterThanOrEqual(4);
    // The last of its runs may begin before the one before it is known to be lost.
    expect(started).toBeLessThanOrEqual(6);
  });

  test('that a loop let run out is told with the messages in hand', async () => {
    const consumer = bench.consume(
      async () => {
        for (const until = performance.now() + 700; performance.now() < until; );
      },
      { leaseMs: 300, prefetch: 2 },
    );
    await consumer.ready;
    const [first, second] = await Promise.all([bench.add('one'), bench.add('two')]);
    await waitFor('both', () => consumer.metrics().handled === 2);
    const told = bench.logged.filter(({ message }) => message.includes('the event loop stood still'));
    // One after the other in one go, or each on its own.
    expect([1, 2]).toContain(told.length);
    expect(told[0]?.bindings.stood_still_ms).toBeGreaterThan(500);
    expect(told.flatMap(({ bindings }) => bindings.messages)).toEqual(
      expect.arrayContaining(
        [first, second].map((entry_id) => expect.objectContaining({ entry_id, request_id: expect.any(String) })),
      ),
    );
  });

  test('that another consumer takes aborts the signal', async () => {
    const signals: AbortSignal[] = [];
    bench.consume(
      async (_, { signal }) => {
        signals.push(signal);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      { leaseMs: 300 },
    );
    const entryId = await bench.add('one');
    await waitFor('the start', () => signals.length);
    await bench.redis.xclaim(STREAM, GROUP, 'thief', 0, entryId);
    await waitFor('the abort', () => signals[0]?.aborted, { timeoutMs: 1000 });
    expect(signals[0]?.reason).toMatchObject({ name: 'LeaseLostError' });
    const owner = async () => ((await bench.redis.xpending(STREAM, GROUP, '-', '+', 1)) as [string, string][])[0]?.[1];
    expect(await owner()).toBe('thief');
  });
});

describe('a run that lost its lease', () => {
  test('cannot end the entry when its own consumer has it again', async () => {
    const ends: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const consumer = bench.consume(
      async (_, { signal }) => {
        signals.push(signal);
        // Deaf to its signal.
        await new Promise<void>((resolve) => ends.push(resolve));
      },
      { leaseMs: 300, concurrency: 2 },
    );
    await consumer.ready;
    const entryId = await bench.add('one');
    await waitFor('the first run', () => ends.length === 1);
    await bench.redis.xclaim(STREAM, GROUP, 'thief', 0, entryId);
    await waitFor('the abort', () => signals[0]?.aborted);
    // The thief dies, and the consumer takes its entry back.
    await bench.redis.xclaim(STREAM, GROUP, 'thief', 0, entryId, 'IDLE', 10_000);
    await waitFor('the second run', () => ends.length === 2);
    ends[0]?.();
    await waitFor('the refusal', () => bench.logged.some(({ message }) => message.includes('outcome is refused')));
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM), signals[1]?.aborted]).toEqual([1, 1, false]);
    ends[1]?.();
    await waitFor('the end', drained);
  });
});

describe('a delivery whose reply was lost', () => {
  test('is found again after the connection is back, long before the lease ends', async () => {
    const seen: string[] = [];
    const consumer = bench.consume(async (message) => void seen.push(message.task_id), {
      consumer: 'me',
      leaseMs: 60_000,
    });
    await consumer.ready;
    await waitFor('the read', async () => /cmd=xreadgroup /.test(String(await bench.redis.client('LIST'))));
    // As if Redis had delivered and the answer had never come: the entry is ours, and we do not know it.
    const reader = String(await bench.redis.client('LIST')).match(/^id=(\d+) .*cmd=xreadgroup /m)?.[1] as string;
    await bench.redis
      .multi()
      .call('CLIENT', 'KILL', 'ID', reader)
      .xadd(STREAM, '*', 'data', '{"task_id":"lost","project_id":"p","user_id":0}')
      .xreadgroup('GROUP', GROUP, 'me', 'STREAMS', STREAM, '>')
      .exec();
    await waitFor('the lost one', () => seen.includes('lost'), { timeoutMs: 3000 });
    await waitFor('the end', drained);
  });
});

describe('the claim sweep', () => {
  test('finds stale entries behind hundreds of fresh ones', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    const ids = await Promise.all(Array.from({ length: 600 }, (_, i) => bench.add(String(i))));
    await bench.redis.xreadgroup('GROUP', GROUP, 'other', 'COUNT', 600, 'STREAMS', STREAM, '>');
    // The last one was delivered a minute ago, the others just now.
    const stale = ids.at(-1) as string;
    await bench.redis.xclaim(STREAM, GROUP, 'other', 0, stale, 'IDLE', 60_000);
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id), { leaseMs: 4000 });
    await waitFor('the stale one', () => seen.length);
    expect(seen).toEqual(['599']);
  });

  test('drops entries that were deleted while they were pending', async () => {
    await bench.redis.xgroup('CREATE', STREAM, GROUP, '0', 'MKSTREAM');
    const entryId = await bench.add('gone');
    await bench.redis.xreadgroup('GROUP', GROUP, 'other', 'STREAMS', STREAM, '>');
    await bench.redis.xdel(STREAM, entryId);
    bench.consume(async () => undefined, { leaseMs: 200 });
    await waitFor('the drop', async () => (await bench.pendingCount()) === 0);
    expect(bench.logged.some(({ message }) => message.includes('deleted while'))).toBe(true);
  });
});
