import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type Ended, type Envelope, envelopeOf, type Machine, makeMachine } from '../support/run-cli.js';

const QUEUE = 'engineering:queue';
const MESSAGE = JSON.stringify({ task_id: 'task_1', project_id: 'proj_1', user_id: 7_123_456_789 });

let server: TestRedis;
let redis: Redis;
let machine: Machine;
beforeAll(async () => {
  server = await startRedis(['--requirepass', 'hunter2222']);
  redis = openRedis(server.url, { password: 'hunter2222' });
  redis.on('error', () => undefined);
});
beforeEach(async () => {
  await redis.flushall();
  machine = await makeMachine({ ORCHESTRATOR_REDIS_URL: urlWith('hunter2222') });
});
afterEach(() => machine.remove());
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

function urlWith(password: string, port = server.port): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

const queue = (...args: string[]) => machine.run(['queue', ...args]);

/** Adds dead letters as a consumer writes them; their ids. */
async function addLetters(...originals: object[]): Promise<string[]> {
  const ids = [];
  for (const original of originals) {
    const context = JSON.stringify({ error: 'no such\u001b[31m project', code: 'permanent', attempts: 3 });
    const fields = ['original_message', JSON.stringify(original), 'error_context', context];
    ids.push(String(await redis.xadd(`${QUEUE}:dlq`, '*', ...fields)));
  }
  return ids;
}

/** The lines before the envelope, and the envelope. */
function linesOf({ stdout }: Ended): { lines: { seq: string; message: { task_id: string } }[]; envelope: Envelope } {
  const parsed = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { lines: parsed.slice(0, -1), envelope: parsed.at(-1) };
}

describe('queue publish, stats, peek and list', () => {
  it('put a message in, count it and show it, to programs and to people', async () => {
    const published = await machine.run(['queue', 'publish', QUEUE, '--input', '-', '--json'], { stdin: MESSAGE });
    const { data, meta } = envelopeOf(published);
    const [stats, peeked, list] = await Promise.all([
      queue('stats', QUEUE),
      queue('peek', QUEUE, '--json'),
      queue('list', '--json'),
    ]);

    expect([published.code, stats.code, peeked.code, list.code]).toEqual([0, 0, 0, 0]);
    expect(data).toMatchObject({ duplicate: false, message: { task_id: 'task_1', version: '1' } });
    expect(meta.idempotency_key).toBeTruthy();
    expect(stats.stdout).toMatch(/waiting {4}1 {2}oldest \d+s/);
    expect(envelopeOf(peeked).data.entries).toMatchObject([{ seq: data.entry_id, message: { task_id: 'task_1' } }]);
    expect(envelopeOf(list).data.items).toContainEqual(expect.objectContaining({ queue: QUEUE, waiting: 1 }));
  });

  it('publish once for a key, refuse other input with it, and what does not fit, with the right exit codes', async () => {
    const keyed = ['publish', QUEUE, '--idempotency-key', 'k', '--set', 'project_id=p', '--set', 'user_id=0', '--json'];
    const first = await queue(...keyed, '--set', 'task_id=a');
    const [again, other, unfit, secret, missing] = await Promise.all([
      queue(...keyed, '--set', 'task_id=a'),
      queue(...keyed, '--set', 'task_id=b'),
      queue('publish', QUEUE, '--set', 'task_id=a', '--json'),
      queue('publish', QUEUE, '--set', 'task_id=a', '--set', 'github_token=ghp_very_secret', '--json'),
      queue('publish', QUEUE, '--json'),
    ]);

    expect([first, again, other, unfit, secret, missing].map(({ code }) => code)).toEqual([0, 0, 5, 2, 2, 2]);
    expect(envelopeOf(again).data).toMatchObject({ duplicate: true, entry_id: envelopeOf(first).data.entry_id });
    expect(envelopeOf(again)).toMatchObject({
      meta: { replayed: true },
      warnings: [expect.stringContaining('nothing was')],
    });
    expect(envelopeOf(other).error.code).toBe('IDEMPOTENCY_MISMATCH');
    expect(envelopeOf(unfit).error.message).toContain('project_id');
    expect(secret.stdout + secret.stderr).not.toContain('ghp_very_secret');
    expect(envelopeOf(missing).missing).toEqual(['--input', '--set']);
    expect(await redis.xlen(QUEUE)).toBe(1);
  });

  it('say which queue was meant, and what is missing', async () => {
    const [near, none] = await Promise.all([queue('stats', 'enginering:queue'), queue('peek', '--json')]);

    expect([near.code, none.code]).toEqual([3, 2]);
    expect(near.stderr).toContain(`did you mean ${QUEUE}?`);
    expect(near.stderr).toContain(`Try: orchestrator queue stats ${QUEUE}`);
    expect(envelopeOf(none)).toMatchObject({ missing: ['QUEUE'], choices: expect.arrayContaining([QUEUE]) });
  });
});

describe('queue tail', () => {
  it('prints lines and then the envelope, goes on after a seq, and ends by limit or time', async () => {
    for (const id of ['a', 'b']) {
      await redis.xadd(QUEUE, '*', 'data', MESSAGE.replace('task_1', id));
    }
    const all = linesOf(await queue('tail', QUEUE, '--since', '0', '--limit', '2', '--json'));
    const seq = all.lines[0]?.seq as string;
    const [rest, timed] = await Promise.all([
      queue('tail', QUEUE, '--since', seq, '--limit', '1', '--json'),
      queue('tail', QUEUE, '--timeout', '300ms'),
    ]);

    expect(all.lines.map(({ message }) => message.task_id)).toEqual(['a', 'b']);
    expect(all.envelope).toMatchObject({ ok: true, data: { messages: 2, ended_by: 'limit' } });
    expect(linesOf(rest).lines.map(({ message }) => message.task_id)).toEqual(['b']);
    expect([rest.code, timed.code, timed.stdout]).toEqual([0, 0, '0 messages\n']);
  });

  it('goes on over a kill -9 of Redis, and Ctrl-C says where it stopped', async () => {
    const own = await startRedis(['--appendfsync', 'always']);
    try {
      const direct = openRedis(own.url);
      direct.on('error', () => undefined);
      const env = { ORCHESTRATOR_REDIS_URL: own.url };
      const tail = machine.start(['queue', 'tail', QUEUE, '--since', '0', '--json'], { env });
      await direct.xadd(QUEUE, '*', 'data', MESSAGE);
      await waitFor('the first line', () => tail.stdout().includes('task_1'), { timeoutMs: 20_000 });
      await own.kill();
      await waitFor('the outage to be told', () => tail.stderr().includes('trying again'), { timeoutMs: 20_000 });
      await own.restart();
      const id = await direct.xadd(QUEUE, '*', 'data', MESSAGE.replace('task_1', 'task_2'));
      await waitFor('the second line', () => tail.stdout().includes('task_2'), { timeoutMs: 20_000 });
      tail.child.kill('SIGINT');
      const ended = await tail.ended;
      direct.disconnect();

      expect(ended.code).toBe(130);
      const { lines, envelope } = linesOf(ended);
      expect(lines.map(({ message }) => message.task_id)).toEqual(['task_1', 'task_2']);
      expect(envelope).toMatchObject({ ok: false, error: { code: 'INTERRUPTED' } });
      expect(envelope.next[0]?.command).toBe(`orchestrator queue tail ${QUEUE} --since ${id}`);
    } finally {
      await own.stop();
    }
  });
});

describe('queue dlq', () => {
  const letter = (id: string) => ({ data: MESSAGE.replace('task_1', id) });

  it('lists why letters are there, puts them back, and says what cannot go back', async () => {
    const ids = await addLetters(letter('a'), letter('b'), { data: '{"github_token":"ghp_very_secret"}' });
    const [table, json] = await Promise.all([
      queue('dlq', 'list', QUEUE),
      queue('dlq', 'list', QUEUE, '--limit', '1', '--fields', 'id,code,message', '--json'),
    ]);
    const named = await queue('dlq', 'replay', QUEUE, ids[0] as string, '--json');
    const all = await queue('dlq', 'replay', QUEUE, '--all');
    const [none, gone] = await Promise.all([
      queue('dlq', 'replay', QUEUE, '--all', '--json'),
      queue('dlq', 'replay', QUEUE, ids[0] as string, '--json'),
    ]);

    expect(table.stdout).toContain('no such project');
    expect(table.stdout).not.toContain('\u001b[31m');
    expect(envelopeOf(json).data).toEqual({
      items: [{ id: ids[0], code: 'permanent', message: expect.objectContaining({ task_id: 'a' }) }],
      next_cursor: ids[0],
    });
    expect(envelopeOf(named).data).toMatchObject({ replayed: [{ id: ids[0] }], refused: [] });
    expect([all.code, all.stderr]).toEqual([5, expect.stringContaining('1 went back, 1 stay')]);
    expect(all.stderr).toContain(`${ids[2]}: its secret was redacted`);
    expect([none.code, envelopeOf(none).error.code, gone.code]).toEqual([5, 'CONFLICT', 3]);
    expect(JSON.stringify([table, json, all, none])).not.toContain('ghp_very_secret');
  });

  it('removes nothing without --yes where nobody can be asked, and then only what was named', async () => {
    const ids = await addLetters(letter('a'), letter('b'), letter('c'));
    const [unasked, both, dry] = await Promise.all([
      queue('dlq', 'purge', QUEUE, '--all', '--json'),
      queue('dlq', 'purge', QUEUE, ids[0] as string, '--all', '--yes', '--json'),
      queue('dlq', 'purge', QUEUE, '--all', '--dry-run'),
    ]);
    expect(await redis.xlen(`${QUEUE}:dlq`)).toBe(3);
    const one = await queue('dlq', 'purge', QUEUE, `${ids[0]},${ids[2]}`, '--yes', '--json');

    expect([unasked.code, both.code, dry.code]).toEqual([2, 2, 0]);
    expect(envelopeOf(unasked)).toMatchObject({ missing: ['--yes'], error: { code: 'INPUT_REQUIRED' } });
    expect(envelopeOf(unasked).next[0]?.command).toBe(`orchestrator queue dlq purge ${QUEUE} --all --yes`);
    expect(dry.stdout).toContain('Would remove 3 dead letters');
    expect(envelopeOf(one).data).toMatchObject({ purged: 2 });
    expect(await redis.xlen(`${QUEUE}:dlq`)).toBe(1);
  });
});

describe('without a Redis that can be used', () => {
  it('each command says so within seconds, with its exit code and what to do, and never the password', async () => {
    const closed = await freePort();
    const places = {
      unset: '',
      down: urlWith('wrong-password', closed),
      refused: urlWith('wrong-password'),
    };
    const run = (redisUrl: string) =>
      machine.run(['queue', 'peek', QUEUE, '--json'], { env: { ORCHESTRATOR_REDIS_URL: redisUrl } });
    const [unset, down, refused] = await Promise.all([run(places.unset), run(places.down), run(places.refused)]);
    const told = [unset, down, refused].map((ended) => [ended.code, envelopeOf(ended).error.code]);

    expect(told).toEqual([
      [2, 'REDIS_REQUIRED'],
      [75, 'REDIS_UNAVAILABLE'],
      [4, 'UNAUTHENTICATED'],
    ]);
    expect(envelopeOf(unset).next[0]?.command).toContain('ORCHESTRATOR_REDIS_URL=');
    for (const { stdout, stderr } of [unset, down, refused]) expect(stdout + stderr).not.toContain('wrong-password');
  });

  it('a command that is not in ALLOWED_COMMANDS is refused before anything else', async () => {
    const ended = await machine.run(['queue', 'dlq', 'purge', QUEUE, '--all', '--yes', '--json'], {
      env: { ALLOWED_COMMANDS: 'queue.dlq.list,queue.stats' },
    });

    expect([ended.code, envelopeOf(ended).error.code]).toEqual([6, 'COMMAND_NOT_ALLOWED']);
  });
});
