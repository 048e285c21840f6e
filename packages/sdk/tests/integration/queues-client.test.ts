import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { Orchestrator, type QueueEntry } from '../../src/index.js';

const QUEUE = 'engineering:queue';
const task = (id: string) => ({ task_id: id, project_id: 'proj_1', user_id: 7_123_456_789 });

let server: TestRedis;
let redis: Redis;
let client: Orchestrator;
beforeAll(async () => {
  server = await startRedis();
  redis = openRedis(server.url);
  redis.on('error', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  client = new Orchestrator({ redisUrl: server.url });
});
afterEach(() => client.close());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** Dead letters of these originals, as a consumer writes them; their ids. */
async function addLetters(...originals: object[]): Promise<string[]> {
  const ids = [];
  for (const original of originals) {
    const context = JSON.stringify({ error: 'no such project', code: 'permanent', attempts: 3 });
    const letter = ['original_message', JSON.stringify(original), 'error_context', context];
    ids.push(String(await redis.xadd(`${QUEUE}:dlq`, '*', ...letter)));
  }
  return ids;
}

const letter = (id: string) => ({ data: JSON.stringify({ request_id: `r-${id}`, ...task(id) }) });
const lettersLeft = () => redis.xlen(`${QUEUE}:dlq`);

describe('figures', () => {
  it('of one stream that is none hold up no other, and say so', async () => {
    await client.queues.publish(QUEUE, task('a'));
    await redis.set('deploy:queue', 'no stream');

    const stats = new Map((await client.queues.stats()).map((one) => [one.stream, one]));
    expect(stats.get(QUEUE)).toMatchObject({ length: 1, waiting: 1 });
    expect(stats.get(QUEUE)).not.toHaveProperty('error');
    expect(stats.get('deploy:queue')).toMatchObject({ length: 0, error: expect.stringContaining('WRONGTYPE') });
    const list = new Map((await client.queues.list()).map((one) => [one.queue, one]));
    expect(list.get('deploy:queue')).toMatchObject({ streams: 1, error: expect.stringContaining('WRONGTYPE') });
    expect(list.get(QUEUE)).toMatchObject({ streams: 1, length: 1 });
  });

  it('tell what waits, is in work, delayed and dead, of fixed names and of names with parameters', async () => {
    for (const id of ['a', 'b', 'c']) await client.queues.publish(QUEUE, task(id));
    await redis.xgroup('CREATE', QUEUE, 'engineering-consumer', '0');
    await redis.xreadgroup('GROUP', 'engineering-consumer', 'me', 'COUNT', 1, 'STREAMS', QUEUE, '>');
    await addLetters(letter('dead'));
    for (const worker of ['w-1', 'w-2']) {
      const input = { request_id: 'turn', prompt: 'Hello' };
      await client.queues.publish(`worker:developer:${worker}:input`, input);
    }
    await redis.xadd('worker:developer:w-1:input:other', '*', 'data', '{}');

    const [one] = await client.queues.stats(QUEUE);
    expect(one).toMatchObject({ length: 3, waiting: 2, pending: 1, dead_letters: 1, consumers: 1, delayed: 0 });
    expect(one?.oldest_waiting_ms).toBeGreaterThanOrEqual(0);
    const streams = (await client.queues.stats()).map(({ stream }) => stream);
    expect(streams.filter((name) => name.includes(':w-'))).toEqual([
      'worker:developer:w-1:input',
      'worker:developer:w-2:input',
    ]);
    const listed = await client.queues.list();
    const inputs = listed.find(({ queue }) => queue === 'worker:{type}:{worker_id}:input');
    expect(inputs).toMatchObject({ streams: 2, waiting: 2, group: 'worker-wrapper', kind: 'work' });
  });

  it('of an unknown queue are NOT_FOUND with the names there are, of a name with {…} a question for one', async () => {
    await expect(client.queues.stats('engineering:quee')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      choices: expect.arrayContaining([QUEUE]),
    });
    await expect(client.queues.stats('worker:{type}:{worker_id}:input')).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining('worker:developer:w-1:input'),
    });
    await expect(client.queues.stats('worker:a b:c:input')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('peek', () => {
  it('shows what was given to nobody yet and takes none of it; of a log the newest', async () => {
    for (const id of ['a', 'b', 'c']) await client.queues.publish(QUEUE, task(id));
    await redis.xgroup('CREATE', QUEUE, 'engineering-consumer', '0');
    await redis.xreadgroup('GROUP', 'engineering-consumer', 'me', 'COUNT', 1, 'STREAMS', QUEUE, '>');
    const ids = async () => {
      const { entries } = await client.queues.peek(QUEUE, { limit: 5 });
      return entries.map(({ message }) => message?.task_id);
    };
    expect(await ids()).toEqual(['b', 'c']);
    expect(await ids()).toEqual(['b', 'c']);

    for (const n of ['1', '2', '3']) await client.queues.publish('worker:responses', { request_id: n, success: true });
    const { entries, shows } = await client.queues.peek('worker:responses', { limit: 2 });
    expect([shows, entries.map(({ message }) => message?.request_id)]).toEqual(['newest', ['2', '3']]);
  });

  it('shows what is no message as it is, and no secret of either', async () => {
    await redis.xadd(QUEUE, '*', 'data', '{"broken');
    await redis.xadd(QUEUE, '*', 'data', JSON.stringify({ ...task('a'), github_token: 'ghp_plain_secret' }));
    await redis.xadd(QUEUE, '*', 'note', 'redis://:hunter22@host', 'api_token', 'plain-token-value');
    const config = {
      name: 'x',
      agent: 'custom',
      capabilities: [],
      env_vars: { OPENAI_API_KEY: 'sk-plain-key', VAULTED_TOKEN: 'vault:platform/TOKEN', LANG: 'C' },
    };
    await client.queues.publish('worker:commands', { request_id: 'r', command: 'create', config });

    const { entries } = await client.queues.peek(QUEUE);
    expect(entries.map(({ error }) => error?.code)).toEqual(['invalid_json', 'plain_secret', 'invalid_message']);
    expect(entries[0]?.fields).toEqual({ data: '{"broken' });
    const commands = await client.queues.peek('worker:commands');
    const shown = JSON.stringify([entries, commands]);
    for (const secret of ['ghp_plain_secret', 'hunter22', 'plain-token-value', 'sk-plain-key']) {
      expect(shown).not.toContain(secret);
    }
    expect(shown).toContain('vault:platform/TOKEN');
    expect(shown).toContain('"LANG":"C"');
  });
});

describe('publish', () => {
  it('adds a message once for a key, however often and beside itself, and refuses other input with that key', async () => {
    const options = { idempotencyKey: 'deploy-7' };
    const calls = await Promise.all([1, 2, 3].map(() => client.queues.publish(QUEUE, task('a'), options)));
    const again = await client.queues.publish(QUEUE, task('a'), options);

    expect(await redis.xlen(QUEUE)).toBe(1);
    expect(calls.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(again).toMatchObject({ duplicate: true, entry_id: calls[0]?.entry_id, request_id: calls[0]?.request_id });
    await expect(client.queues.publish(QUEUE, task('b'), options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    await client.queues.publish('deploy:queue', task('a'), options);
    expect(await redis.xlen('deploy:queue')).toBe(1);
  });

  it('refuses what does not fit, another version and secrets in plain, and adds nothing', async () => {
    const wrong = [{ task_id: 'a' }, { ...task('a'), version: '2' }, { ...task('a'), github_token: 'ghp_1' }, [], 'x'];
    for (const message of wrong) {
      const call = client.queues.publish(QUEUE, message);
      await expect(call).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      await expect(call).rejects.not.toMatchObject({ message: expect.stringContaining('ghp_1') });
    }
    const dry = await client.queues.publish(QUEUE, { ...task('a'), more: 1 }, { dryRun: true });
    expect(dry).toMatchObject({ dry_run: true, entry_id: null, ignored_fields: ['more'] });
    expect(await redis.exists(QUEUE)).toBe(0);
  });

  it('takes fields as text: strings as they are, the rest as JSON', async () => {
    const fields = { task_id: '42', project_id: 'proj_1', user_id: '42' };
    const { message } = await client.queues.publish(QUEUE, { user_id: 1 }, { fields });
    expect(message).toMatchObject({ task_id: '42', user_id: 42 });
    const command = { command: 'delete', request_id: '7', worker_id: 'w-1' };
    const deleted = await client.queues.publish('worker:commands', {}, { fields: command });
    expect(deleted.message).toMatchObject(command);
  });
});

describe('dead letters', () => {
  it('are read page by page with why they are, and their messages', async () => {
    const ids = await addLetters(letter('a'), letter('b'), { data: '{"github_token":"ghp_plain"}' });
    const first = await client.queues.deadLetters(QUEUE, { limit: 2 });
    const rest = await client.queues.deadLetters(QUEUE, { limit: 2, cursor: first.next_cursor ?? '' });
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(first.items[0]).toMatchObject({ code: 'permanent', attempts: 3, refusal: null, message: { task_id: 'a' } });
    expect(rest).toMatchObject({
      next_cursor: null,
      items: [{ id: ids[2], refusal: expect.stringContaining('redacted') }],
    });
    expect(JSON.stringify(rest)).not.toContain('ghp_plain');
    await expect(client.queues.deadLetters('worker:responses')).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('go back once, also when two replay them at a time; a dry run moves nothing', async () => {
    const ids = await addLetters(letter('a'), letter('b'), { data: '{"secrets":{"a":"b"}}' });
    const dry = await client.queues.replay(QUEUE, { all: true }, { dryRun: true });
    expect([dry.replayed.length, dry.refused.length, await lettersLeft()]).toEqual([2, 1, 3]);

    const both = await Promise.all([1, 2].map(() => client.queues.replay(QUEUE, { all: true })));
    expect(both.flatMap(({ replayed }) => replayed)).toHaveLength(2);
    expect(both[0]?.refused).toContainEqual({ id: ids[2], reason: expect.stringContaining('secret') });
    expect([await lettersLeft(), await redis.xlen(QUEUE)]).toEqual([1, 2]);
    await expect(client.queues.replay(QUEUE, { ids: [ids[0] as string] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.queues.replay(QUEUE, { ids: ['nonsense'] })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
  });

  it('are removed by id, by age or all, and only those', async () => {
    const [old] = [await redis.xadd(`${QUEUE}:dlq`, '1000-0', 'original_message', '{"data":"1"}')];
    const ids = await addLetters(letter('a'), letter('b'), letter('c'));
    expect(await client.queues.purge(QUEUE, { olderThanMs: 60_000 }, { dryRun: true })).toMatchObject({ purged: 1 });
    expect(await client.queues.purge(QUEUE, { olderThanMs: 60_000 })).toMatchObject({ purged: 1 });
    expect(await redis.xrange(`${QUEUE}:dlq`, String(old), String(old))).toEqual([]);
    expect(await client.queues.purge(QUEUE, { ids: [ids[0] as string, '5-5'] })).toMatchObject({
      purged: 1,
      missing: ['5-5'],
    });
    expect(await lettersLeft()).toBe(2);
    expect(await client.queues.purge(QUEUE, { all: true })).toMatchObject({ purged: 2 });
    expect(await client.queues.purge(QUEUE, { all: true })).toMatchObject({ purged: 0 });
  });

  it('are purged all, however many there are', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 1203; i += 1) pipeline.xadd(`${QUEUE}:dlq`, '*', 'original_message', '{"data":"1"}');
    await pipeline.exec();
    expect(await client.queues.purge(QUEUE, { all: true })).toMatchObject({ purged: 1203 });
    expect(await lettersLeft()).toBe(0);
  });
});

describe('tail', () => {
  it('gives each entry once and in order over a kill -9 of Redis and its return', async () => {
    const own = await startRedis(['--appendfsync', 'always']);
    const from = new Orchestrator({ redisUrl: own.url });
    const stop = new AbortController();
    const seen: QueueEntry[] = [];
    const interruptions: string[] = [];
    try {
      await from.queues.publish(QUEUE, task('before'));
      const tailing = (async () => {
        const onInterruption = ({ code }: { code: string }) => void interruptions.push(code);
        const options = { since: '0', signal: stop.signal, onInterruption };
        for await (const entry of from.queues.tail(QUEUE, options)) seen.push(entry);
      })();
      tailing.catch(() => undefined);
      await waitFor('the first entry', () => seen.length === 1);
      await own.kill();
      await waitFor('the outage to be told', () => interruptions.length > 0);
      await own.restart();
      const to = new Orchestrator({ redisUrl: own.url });
      for (const id of ['after-1', 'after-2']) await to.queues.publish(QUEUE, task(id));
      await waitFor('all entries', () => seen.length === 3, { timeoutMs: 15_000 });
      await to.close();

      expect(seen.map(({ message }) => message?.task_id)).toEqual(['before', 'after-1', 'after-2']);
      expect(interruptions).toEqual(['REDIS_UNAVAILABLE']);
      const reason = new Error('enough');
      stop.abort(reason);
      await expect(tailing).rejects.toBe(reason);
    } finally {
      stop.abort();
      await from.close();
      await own.stop();
    }
  });

  it('goes on after a seq, and refuses what is none', async () => {
    const [first] = [await client.queues.publish(QUEUE, task('a'))];
    await client.queues.publish(QUEUE, task('b'));
    for await (const entry of client.queues.tail(QUEUE, { since: first.entry_id as string })) {
      expect(entry.message?.task_id).toBe('b');
      break;
    }
    const wrong = client.queues.tail(QUEUE, { since: 'yesterday' });
    await expect(wrong.next()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

describe('the connection', () => {
  it('or an API is needed: a client without either address is none', () => {
    for (const options of [{}, { token: 'cgk_x' }, { apiUrl: undefined, redisUrl: undefined }]) {
      expect(() => new Orchestrator(options)).toThrow(expect.objectContaining({ code: 'NOT_CONFIGURED' }));
    }
  });

  it('is needed: without a URL every call says REDIS_REQUIRED', async () => {
    const without = new Orchestrator({ apiUrl: 'http://127.0.0.1:1' });
    const { queues } = without;
    const calls = [queues.list(), queues.peek(QUEUE), queues.replay(QUEUE, { all: true }), queues.tail(QUEUE).next()];
    const refused = { code: 'REDIS_REQUIRED', exitCode: 2 };
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(refused)));
    const dry = await queues.publish(QUEUE, task('a'), { dryRun: true });
    expect(dry.dry_run).toBe(true);
  });

  it('that cannot be made is told within seconds, for what it is, without the password', async () => {
    const guarded = await startRedis(['--requirepass', 'right-password']);
    const port = await freePort();
    try {
      for (const [redisUrl, code] of [
        [`redis://:wrong-password@127.0.0.1:${port}`, 'REDIS_UNAVAILABLE'],
        [`redis://:wrong-password@127.0.0.1:${guarded.port}`, 'UNAUTHENTICATED'],
        [`redis://127.0.0.1:${guarded.port}`, 'UNAUTHENTICATED'],
        [`redis://:right-password@127.0.0.1:${guarded.port}/99`, 'NOT_CONFIGURED'],
      ] as const) {
        const startedMs = performance.now();
        const error = await new Orchestrator({ redisUrl }).queues.list().catch((cause: Error) => cause);
        expect(error).toMatchObject({ code });
        expect(String(error)).not.toMatch(/wrong-password|right-password/);
        expect(performance.now() - startedMs).toBeLessThan(4000);
      }
    } finally {
      await guarded.stop();
    }
  });

  it('of a Redis that does not answer holds no call longer than its signal, by 50 ms', async () => {
    let frozen: ChildProcess | undefined;
    const port = await freePort();
    try {
      // It takes connections and never says a word.
      const silent = `require('node:net').createServer(() => {}).listen(${port}, '127.0.0.1', () => process.stdout.write('.'))`;
      frozen = spawn(process.execPath, ['-e', silent], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(frozen.stdout as NodeJS.ReadableStream, 'data');
      const { queues } = new Orchestrator({ redisUrl: `redis://127.0.0.1:${port}` });
      for (const call of [
        (signal: AbortSignal) => queues.list({ signal }),
        (signal: AbortSignal) => queues.publish(QUEUE, task('a'), { signal }),
        (signal: AbortSignal) => queues.tail(QUEUE, { signal }).next(),
        (signal: AbortSignal) => queues.purge(QUEUE, { all: true }, { signal }),
      ]) {
        const stop = new AbortController();
        const ended = call(stop.signal).then(
          () => undefined,
          (error: unknown) => ({ error, atMs: performance.now() }),
        );
        await sleep(100);
        const abortedMs = performance.now();
        const reason = new Error('enough');
        stop.abort(reason);
        const { error, atMs } = (await ended) as { error: unknown; atMs: number };
        expect(error).toBe(reason);
        expect(atMs - abortedMs).toBeLessThan(50);
      }
    } finally {
      frozen?.kill('SIGKILL');
    }
  });

  it('closes with the client, also by await using, and opens again for the next call', async () => {
    const connections = async () => {
      const list = String(await redis.client('LIST'));
      return list.split('\n').filter((line) => line.includes('name=orchestrator-sdk')).length;
    };
    {
      await using scoped = new Orchestrator({ redisUrl: server.url });
      await scoped.queues.list();
      expect(await connections()).toBe(1);
      await scoped.close();
      await waitFor('no connection', async () => (await connections()) === 0);
      await scoped.queues.list();
      expect(await connections()).toBe(1);
    }
    await waitFor('no connection', async () => (await connections()) === 0);
  });
});
