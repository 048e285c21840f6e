import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import type { DeadLetter } from '../../src/consumer/index.js';
import { FatalError, OrchestratorError, PermanentError, TransientError, UpstreamError } from '../../src/errors.js';
import { connectQueue } from '../../src/queue/index.js';
import { type Bench, DLQ, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const quick = { transient: [30, 30, 30], upstream: [30, 30, 30, 30, 30] };

describe('a handler that returns', () => {
  test('ends its entry: acknowledged and deleted', async () => {
    const seen: string[] = [];
    bench.consume(async (message, { attempt, stream }) => {
      seen.push(`${message.task_id} ${attempt} ${stream}`);
    });
    await bench.add('one');
    await bench.add('two');
    await waitFor('an empty stream', async () => seen.length === 2 && (await bench.redis.xlen(STREAM)) === 0);
    expect(seen).toEqual([`one 1 ${STREAM}`, `two 1 ${STREAM}`]);
    expect(await bench.pendingCount()).toBe(0);
  });

  test('gets what was published before the group existed', async () => {
    await bench.add('early');
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id));
    await waitFor('the early message', () => seen.includes('early'));
  });

  test('logs with the ids of its message', async () => {
    bench.consume(async (_, { logger }) => logger.info({ step: 1 }, 'working'));
    const entryId = await bench.add('one');
    const line = await waitFor('the line', () => bench.logged.find(({ message }) => message === 'working'));
    expect(line.bindings).toMatchObject({
      step: 1,
      entry_id: entryId,
      stream: STREAM,
      correlation_id: expect.any(String),
    });
  });
});

describe('concurrency', () => {
  test('runs as many handlers as it says, no more, and all messages once', async () => {
    let active = 0;
    let most = 0;
    const seen: string[] = [];
    bench.consume(
      async (message) => {
        active += 1;
        most = Math.max(most, active);
        await sleep(5);
        active -= 1;
        seen.push(message.task_id);
      },
      { concurrency: 5, prefetch: 20 },
    );
    await Promise.all(Array.from({ length: 200 }, (_, i) => bench.add(String(i))));
    await waitFor('all', () => seen.length >= 200);
    expect([most, new Set(seen).size]).toEqual([5, 200]);
  });

  test('peers of one group share the work', async () => {
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      bench.consume(async (message) => {
        await sleep(5);
        seen.push(`${name} ${message.task_id}`);
      });
    }
    await Promise.all(Array.from({ length: 60 }, (_, i) => bench.add(String(i))));
    await waitFor('all', () => seen.length >= 60);
    await sleep(100);
    expect(seen.length).toBe(60);
    expect(new Set(seen.map((one) => one[0])).size).toBe(3);
  });
});

describe('a handler that throws', () => {
  test.each([
    ['transient', () => new TransientError('away'), 4],
    ['upstream', () => new UpstreamError('limit'), 6],
    ['unknown', () => new Error('what?'), 4],
    ['permanent', () => new PermanentError('no'), 1],
  ])('%s is tried as often as the policy says, then dead-lettered', async (_, makeError, tries) => {
    const attempts: number[] = [];
    bench.consume(
      async (_message, { attempt }) => {
        attempts.push(attempt);
        throw makeError();
      },
      { retry: quick },
    );
    await bench.add('one');
    const [letter] = await waitFor('the dead letter', async () => {
      const letters = await bench.deadLetters();
      return letters.length > 0 && letters;
    });
    expect(attempts).toEqual(Array.from({ length: tries }, (_unused, i) => i + 1));
    expect(letter?.context).toEqual({
      error: makeError().message,
      error_type: makeError().name,
      code: tries === 1 ? 'permanent' : 'retries_exhausted',
      timestamp: expect.stringMatching(/Z$/),
      service: 'test',
      consumer: expect.stringMatching(/^consumer-/),
      attempts: tries,
      entry_id: expect.stringMatching(/^\d+-\d+$/),
      correlation_id: expect.any(String),
    });
    expect(JSON.parse(letter?.original.data as string)).toMatchObject({ task_id: 'one' });
    expect([await bench.redis.xlen(STREAM), await bench.pendingCount()]).toEqual([0, 0]);
  });

  test('counts attempts once over different kinds of error', async () => {
    const attempts: number[] = [];
    bench.consume(
      async (_, { attempt }) => {
        attempts.push(attempt);
        throw attempt % 2 ? new TransientError('away') : new UpstreamError('limit');
      },
      { retry: quick },
    );
    await bench.add('one');
    await waitFor('the dead letter', async () => (await bench.deadLetters()).length);
    // The fifth is transient again, and transient allows three retries.
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
  });

  test('is not run again before the provider’s Retry-After', async () => {
    const times: number[] = [];
    bench.consume(async () => {
      times.push(Date.now());
      if (times.length === 1) throw new UpstreamError('limit', { retryAfterMs: 600 });
    });
    await bench.add('one');
    await waitFor('the second try', () => times.length === 2);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(590);
  });

  test('burns no attempt while the API is away', async () => {
    const attempts: number[] = [];
    bench.consume(async (_, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 3) throw new OrchestratorError('API_UNAVAILABLE', 'down', { retryAfterMs: 20 });
    });
    await bench.add('one');
    await waitFor('the third try', () => attempts.length === 3);
    expect(attempts).toEqual([1, 1, 1]);
    expect(await bench.deadLetters()).toEqual([]);
  });

  test('fatal stops the consumer and leaves the message pending', async () => {
    const consumer = bench.consume(async () => {
      throw new FatalError('no credentials');
    });
    await bench.add('one');
    await expect(consumer.done).rejects.toThrow('no credentials');
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM)]).toEqual([1, 1]);
    expect(await bench.deadLetters()).toEqual([]);
  });
});

describe('a delayed message', () => {
  test('added by a process that is gone is put back by another within a second of its time', async () => {
    let failedAt = 0;
    const first = bench.consume(
      async () => {
        failedAt = Date.now();
        throw new TransientError('away');
      },
      { retry: { transient: [300] } },
    );
    await first.ready;
    let takenAt = 0;
    await bench.add('one');
    await waitFor('the delay', () => bench.redis.zcard(`{${STREAM}}:delayed`));
    await first.stop();
    bench.consume(async () => {
      takenAt = Date.now();
    });
    await waitFor('the second try', () => takenAt);
    expect(takenAt - failedAt).toBeGreaterThanOrEqual(190);
    expect(takenAt - failedAt).toBeLessThan(1800);
  });

  test('that cannot be read goes to the dead-letter stream and holds nothing up', async () => {
    await bench.redis.zadd(`{${STREAM}}:delayed`, 1, 'not JSON');
    await bench.redis.zadd(`{${STREAM}}:delayed`, 2, '{"fields":[]}');
    const tooMany = JSON.stringify({ fields: Array.from({ length: 10_000 }, () => 'x') });
    await bench.redis.zadd(`{${STREAM}}:delayed`, 3, tooMany);
    bench.consume(async () => undefined);
    await waitFor('all', async () => (await bench.redis.xlen(DLQ)) === 3);
    expect(await bench.deadLetters()).toMatchObject([
      { original: { delayed: 'not JSON' }, context: { code: 'invalid_delayed_entry', service: 'test' } },
      { original: { delayed: '{"fields":[]}' } },
      { original: { delayed: tooMany } },
    ]);
    expect(await bench.redis.zcard(`{${STREAM}}:delayed`)).toBe(0);
  });
});

describe('a poison message', () => {
  const task = { task_id: 'bad', project_id: 'p', user_id: 0 };

  test.each([
    ['no JSON', '{"task_id":', 'invalid_json'],
    ['a missing field', '{"task_id":"bad"}', 'invalid_message'],
    ['an unknown version', JSON.stringify({ ...task, version: '2' }), 'unsupported_version'],
    ['a secret in plain', JSON.stringify({ ...task, github_token: 'ghp_very_secret' }), 'plain_secret'],
  ])('with %s goes to the dead-letter stream, and the next one is handled', async (_, data, code) => {
    const seen: string[] = [];
    bench.consume(async (message) => void seen.push(message.task_id));
    const entryId = await bench.redis.xadd(STREAM, '*', 'data', data);
    await bench.add('good');
    await waitFor('the good one', () => seen.includes('good'));
    const letters = await waitFor('the dead letter', async () => {
      const found = await bench.deadLetters();
      return found.length > 0 && found;
    });
    expect(letters).toMatchObject([
      { context: { code, attempts: 1, entry_id: entryId, error_type: 'ValidationError' } },
    ]);
    expect(JSON.stringify(letters) + JSON.stringify(bench.logged)).not.toContain('ghp_very_secret');
    if (code !== 'plain_secret') expect(letters[0]?.original).toEqual({ data });
    expect(seen).toEqual(['good']);
  });

  test('stays pending while its copy cannot be written, and goes when it can', async () => {
    await bench.redis.set(DLQ, 'in the way');
    bench.consume(async () => undefined);
    await bench.redis.xadd(STREAM, '*', 'data', 'poison');
    await waitFor('a warning', () => bench.logged.some(({ message }) => message.includes('stays pending')));
    expect(await bench.pendingCount()).toBe(1);
    await bench.redis.del(DLQ);
    await waitFor('the dead letter', async () => (await bench.deadLetters()).length === 1);
    expect([await bench.pendingCount(), await bench.redis.xlen(STREAM)]).toEqual([0, 0]);
  });
});

describe('onDeadLetter', () => {
  test('is told before the message goes, again when it fails, and then no more', async () => {
    const told: [string | undefined, DeadLetter][] = [];
    bench.consume(
      async () => {
        throw new PermanentError('no', { code: 'no_changes' });
      },
      {
        onDeadLetter: async (message, reason) => {
          told.push([message?.task_id, reason]);
          if (told.length === 1) throw new Error('cannot answer now');
        },
      },
    );
    await bench.add('one');
    await waitFor('the dead letter', async () => (await bench.deadLetters()).length === 1);
    expect(told.length).toBe(2);
    expect(told[1]).toMatchObject([
      'one',
      { code: 'no_changes', error: 'no', attempts: 1, requestId: expect.any(String) },
    ]);
  });

  test('does not hold a message up for ever when it fails each time', async () => {
    let calls = 0;
    bench.consume(
      async () => {
        throw new PermanentError('no');
      },
      {
        onDeadLetter: async () => {
          calls += 1;
          throw new TypeError('a bug');
        },
      },
    );
    await bench.add('one');
    await waitFor('the dead letter', async () => (await bench.deadLetters()).length === 1);
    expect(calls).toBe(4);
    expect(bench.logged.some(({ message }) => message.includes('nobody was told'))).toBe(true);
  });

  test('is told the request id of a message that could not be read', async () => {
    const told: unknown[] = [];
    bench.consume(async () => undefined, {
      onDeadLetter: async (message, { requestId, code }) => void told.push([message, requestId, code]),
    });
    await bench.redis.xadd(STREAM, '*', 'data', '{"request_id":"r-1"}');
    await waitFor('the call', () => told.length);
    expect(told).toEqual([[undefined, 'r-1', 'invalid_message']]);
  });
});

describe('a handler that throws what is no error', () => {
  test.each<[string, unknown]>([
    ['without a text', Object.create(null)],
    [
      'whose text cannot be had',
      {
        toString: () => {
          throw new Error('no');
        },
      },
    ],
    ['that is nothing', undefined],
  ])('%s is tried again like any other', async (_, thrown) => {
    let runs = 0;
    bench.consume(
      async () => {
        runs += 1;
        if (runs === 1) throw thrown;
      },
      { retry: { transient: [10], upstream: undefined as never } },
    );
    await bench.add('one');
    await waitFor('an empty stream', async () => runs === 2 && (await bench.redis.xlen(STREAM)) === 0);
  });

  test('that fails when it is judged stops the consumer, and the message stays', async () => {
    const hostile = {
      get retryAfterMs(): number {
        throw new Error('not that way');
      },
    };
    const consumer = bench.consume(() => Promise.reject(hostile));
    await bench.add('one');
    await expect(consumer.done).rejects.toThrow('not that way');
    expect(await bench.pendingCount()).toBe(1);
  });
});

test.each([{ concurrency: 0 }, { concurrency: 1.5 }, { leaseMs: 1000 / 3 }, { leaseMs: -1 }, { leaseMs: Number.NaN }])(
  'a consumer of %o is refused',
  (options) => {
    expect(() => bench.consume(async () => undefined, options)).toThrow('must be a whole number above 0');
  },
);

test('a dozen consumers share a connection without a warning of Node’s', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const queue = connectQueue(bench.server.url);
  const consumers = Array.from({ length: 12 }, () => bench.consume(async () => undefined, { queue }));
  await Promise.all(consumers.map(({ ready }) => ready));
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  await queue.close();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
