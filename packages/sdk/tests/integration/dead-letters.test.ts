import { engineeringQueue } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { PermanentError } from '../../src/errors.js';
import { closeRedis, connectRedis, publish, readDeadLetters, replayDeadLetters } from '../../src/queue/index.js';
import { RedisStore } from '../../src/queue/redis-store.js';
import { type Bench, DLQ, openBench, STREAM } from '../bench.js';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterEach(() => bench.reset());
afterAll(() => bench.close());

const fail = async () => {
  throw new PermanentError('no');
};
const letter = (original: unknown, context: unknown = { code: 'permanent' }) =>
  bench.redis.xadd(DLQ, '*', 'original_message', JSON.stringify(original), 'error_context', JSON.stringify(context));
const letterCount = async (count: number) => (await bench.redis.xlen(DLQ)) === count;
const document = { task_id: 'one', project_id: 'p', user_id: 1, request_id: 'r-1', version: '1' } as const;

describe('reading dead letters', () => {
  test('tells what was to be handled and why it could not be', async () => {
    bench.consume(fail);
    const entryId = await bench.add('one');
    await waitFor('the letter', () => letterCount(1));
    const { letters, next } = await readDeadLetters(bench.redis, engineeringQueue);
    expect(next).toBeUndefined();
    expect(letters).toMatchObject([
      {
        letterId: expect.stringMatching(/^\d+-\d+$/),
        original: { data: expect.stringContaining('"task_id":"one"') },
        context: { code: 'permanent', error: 'no', attempts: 1, entry_id: entryId, service: 'test' },
        refusal: undefined,
      },
    ]);
  });

  test('takes letters of other writers and malformed ones as they are', async () => {
    await letter(document, { error: 'boom', attempts: '3', code: null });
    await bench.redis.xadd(DLQ, '*', 'original_message', '{"data":', 'error_context', '[]');
    await bench.redis.xadd(DLQ, '*', 'what', 'ever');
    await bench.redis.xadd(DLQ, '*', 'original_message', String.raw`{"data":"{\"github_token\":\"ghp_secret`);
    const { letters } = await readDeadLetters(bench.redis, engineeringQueue);
    expect(letters).toMatchObject([
      { original: { data: JSON.stringify(document) }, context: { error: 'boom' }, refusal: undefined },
      { original: undefined, context: {}, refusal: expect.stringContaining('not an entry') },
      { original: undefined, context: {}, fields: { what: 'ever' } },
      { original: undefined, context: {}, refusal: expect.stringContaining('not an entry') },
    ]);
    expect(JSON.stringify(letters)).not.toContain('ghp_secret');
  });

  test('shows no secret, even where another writer has left one in plain', async () => {
    await letter({ data: JSON.stringify({ ...document, github_token: 'ghp_secret' }) });
    const { letters } = await readDeadLetters(bench.redis, engineeringQueue);
    expect(letters).toMatchObject([{ refusal: expect.stringContaining('redacted') }]);
    expect(JSON.stringify(letters)).not.toContain('ghp_secret');
  });
});

describe('a replayed letter', () => {
  test('is handled from its first attempt on, as the same request', async () => {
    const failing = bench.consume(async () => Promise.reject(new Error('away')), { retry: { transient: [20, 20] } });
    const { message } = await publish(bench.redis, engineeringQueue, { ...document, request_id: 'r-7' });
    await waitFor('the letter', () => letterCount(1));
    await failing.stop();
    const seen: unknown[] = [];
    bench.consume(async (again, { attempt }) => void seen.push([attempt, again]));
    const report = await replayDeadLetters(bench.redis, engineeringQueue, { all: true });
    expect(report).toMatchObject({ replayed: [{ entryId: expect.any(String) }], refused: [] });
    await waitFor('the message', () => seen.length);
    expect(seen).toEqual([[1, message]]);
    expect(await bench.redis.xlen(DLQ)).toBe(0);
  });

  test('that fails again is a new dead letter, and is not replayed for ever', async () => {
    bench.consume(fail, { concurrency: 10 });
    await Promise.all(Array.from({ length: 250 }, (_, i) => bench.add(String(i))));
    await waitFor('the letters', () => letterCount(250));
    const before = await readDeadLetters(bench.redis, engineeringQueue, { limit: 1000 });
    const { replayed, refused } = await replayDeadLetters(bench.redis, engineeringQueue, { all: true });
    expect([replayed.length, refused.length]).toEqual([250, 0]);
    await waitFor('the new letters', async () => (await letterCount(250)) && (await bench.redis.xlen(STREAM)) === 0);
    const after = await readDeadLetters(bench.redis, engineeringQueue, { limit: 1000 });
    const old = new Set(before.letters.map(({ letterId }) => letterId));
    expect(after.letters.some(({ letterId }) => old.has(letterId))).toBe(false);
  });

  test('of an unknown version is handled by a consumer that knows it', async () => {
    const data = JSON.stringify({ ...document, version: '2' });
    const old = bench.consume(async () => undefined);
    await bench.redis.xadd(STREAM, '*', 'data', data);
    await letter({ data: 'not JSON' }, { code: 'invalid_json' });
    await waitFor('the letter', () => letterCount(2));
    await old.stop();
    const { replayed } = await replayDeadLetters(bench.redis, engineeringQueue, {
      all: true,
      code: 'unsupported_version',
    });
    expect(replayed.length).toBe(1);
    // What a newer consumer gets is what the producer wrote, byte for byte.
    expect((await bench.redis.xrange(STREAM, '-', '+')).map(([, flat]) => flat)).toEqual([['data', data]]);
    expect(await bench.redis.xlen(DLQ)).toBe(1);
  });

  test('goes back once, however many replay it at a time', async () => {
    for (let i = 0; i < 300; i += 1) await letter({ data: String(i) });
    const others = Array.from({ length: 3 }, () => connectRedis(bench.server.url));
    const reports = await Promise.all(
      [bench.redis, ...others].map((redis) => replayDeadLetters(redis, engineeringQueue, { all: true })),
    );
    await Promise.all(others.map(closeRedis));
    const contents = (await bench.redis.xrange(STREAM, '-', '+')).map(([, [, data]]) => data);
    expect(contents.toSorted()).toEqual(Array.from({ length: 300 }, (_, i) => String(i)).toSorted());
    expect(reports.reduce((sum, { replayed }) => sum + replayed.length, 0)).toBe(300);
    expect(await bench.redis.xlen(DLQ)).toBe(0);
  });

  test('whose secret was taken out is refused and stays', async () => {
    bench.consume(async () => undefined);
    await bench.redis.xadd(STREAM, '*', 'data', JSON.stringify({ ...document, github_token: 'ghp_secret' }));
    await bench.redis.xadd(STREAM, '*', 'data', '{"github_token":"ghp_secret');
    await waitFor('the letters', () => letterCount(2));
    const { replayed, refused } = await replayDeadLetters(bench.redis, engineeringQueue, { all: true });
    expect(replayed).toEqual([]);
    expect(refused.map(({ reason }) => reason.includes('redacted'))).toEqual([true, true]);
    expect(await bench.redis.xlen(DLQ)).toBe(2);
  });

  test('stays where its copy cannot be written, and so does each other, as the report says', async () => {
    for (let i = 0; i < 150; i += 1) await letter({ data: String(i) });
    await bench.redis.set(STREAM, 'in the way');
    const { replayed, refused } = await replayDeadLetters(bench.redis, engineeringQueue, { all: true });
    expect([replayed.length, refused.length, await bench.redis.xlen(DLQ)]).toEqual([0, 150, 150]);
    expect(refused[149]?.reason).toMatch(/^it cannot be put back: .*WRONGTYPE/);
  });

  test('that cannot be put back keeps no other from it', async () => {
    const [, bad] = [await letter({ data: 'a' }), await letter({ data: 'b' }), await letter({ data: 'c' })];
    const one = new RedisStore(bench.redis, 'test');
    const replay = one.replay.bind(one);
    one.replay = (stream, given) =>
      given.letterId === bad ? Promise.reject(new Error('ERR not this one')) : replay(stream, given);
    const { replayed, refused } = await replayDeadLetters(one, engineeringQueue, { all: true });
    expect(replayed).toHaveLength(2);
    expect(refused).toEqual([{ letterId: bad, reason: 'it cannot be put back: ERR not this one' }]);
    expect(await bench.redis.xlen(DLQ)).toBe(1);
  });
});
