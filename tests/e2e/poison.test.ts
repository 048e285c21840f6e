import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type QueueContract, queues } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRedis } from '../support/redis.js';
import { waitFor } from '../support/wait-for.js';
import { root, type StackSystem, startStack } from './support/system.js';

const LONG = 'x'.repeat(1024 * 1024);
/** What a field may hold that no field should. */
const WRONG = [LONG, 5, '\u0000', null, 1e308, '\ud800', {}, -1, [], '', 2 ** 53, true, 'x'];
/** Keys of the system's own that hold nothing that it could use: most of them are of another type. */
const WRONG_KEYS = [
  'cli-agent:commands',
  'cli-agent:responses',
  'worker:gone',
  'loss-watch:scheduler',
  'loss-watch:langgraph',
];
/** Queues that services of this system consume. */
const consumed = queues.filter(({ stream }) => !stream.includes('{') && !stream.startsWith('provisioner:'));

let system: StackSystem;
let redis: Redis;
beforeAll(async () => {
  system = await startStack();
  redis = openRedis(system.redisUrl);
});
afterAll(async () => {
  redis?.disconnect();
  await system?.stop();
});

/** Entries as any peer may add them: no message, or one that says what it should not. */
async function poisonFor({ model }: QueueContract): Promise<(string | Buffer)[][]> {
  const corpus = await readFile(join(root, 'packages', 'contracts', 'corpus', 'v1', `${model}.json`), 'utf8');
  const documents = (JSON.parse(corpus) as { document: Record<string, unknown> }[]).map(({ document }) => document);
  const texts = ['not JSON', '', 'null', '5', '[]', '"text"', '{}', '{"request_id":"r","epoch":1e999,"timeout":1e999}'];
  const deep = ['['.repeat(100_000), `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`];
  const known = documents.flatMap((document) => [{ ...document, version: '99' }, document]);
  const full = documents.reduce((most, one) => (Object.keys(one).length > Object.keys(most).length ? one : most));
  const spoilt = Object.keys(full).flatMap((name, at) =>
    [3 * at, 3 * at + 1, 3 * at + 2].map((turn) => ({
      ...full,
      request_id: `poison-${turn}`,
      [name]: WRONG[turn % WRONG.length],
    })),
  );
  const messages = [...known, ...spoilt].map((document) => JSON.stringify(document));
  return [
    ...[...texts, ...deep, ...messages].map((data) => ['data', data]),
    ['data', Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x7d])],
    [Buffer.from([0, 0xff]), Buffer.from([0xc3, 0x28])],
    ['__proto__', 'x', 'constructor', 'y'],
  ];
}

it('poison in every queue ends in the dead letters with a reason, or is answered; the work beside it is done', async () => {
  await system.cli(['project', 'create', '--name', 'blog']);
  for (const key of WRONG_KEYS) {
    await redis.del(key);
    if (key.startsWith('loss-watch:')) await redis.rpush(key, 'no text');
    else await redis.set(key, 'no stream, no set');
  }
  for (const contract of consumed) {
    for (const flat of await poisonFor(contract)) await redis.xadd(contract.stream, '*', ...flat);
  }
  for (const words of [
    ['engineering', 'start', '--spec', 'A tea blog'],
    ['deploy', 'start'],
  ]) {
    const done = await system.cli([...words, '--project', 'blog', '--wait', '--json']);
    expect(done.code, done.stdout + done.stderr).toBe(0);
  }
  for (const { stream, group } of consumed) {
    if (!group) continue;
    await waitFor(`${stream} to be empty`, async () => (await redis.xlen(stream)) === 0, { timeoutMs: 30_000 });
    const letters = await redis.xrange(`${stream}:dlq`, '-', '+');
    expect(letters.length, stream).toBeGreaterThan(12);
    for (const [, [, , , context]] of letters) {
      expect(JSON.parse(context as string), stream).toMatchObject({
        error: expect.stringMatching(/\S/),
        code: expect.stringMatching(/\S/),
      });
    }
  }
  const log = (await readFile(join(system.dataDir, 'logs', 'stack.log'), 'utf8')).split('\n');
  expect(log.filter((line) => /"level":60|started again|stood still/.test(line))).toEqual([]);
});
