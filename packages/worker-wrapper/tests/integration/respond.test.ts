import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type POWorkerOutput, workerInputs } from '@codegen/contracts';
import { respond } from '@codegen/sdk';
import { OrchestratorError } from '@codegen/sdk/errors';
import { publish } from '@codegen/sdk/queue';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { NoRecipientError, openRespondSocket, type RespondSocket } from '../../src/respond-socket.js';
import { startBench } from '../support/worker.js';

const cli = resolve(import.meta.dirname, '../../../orchestrator-cli/bin/run.js');

describe('an agent that sends a message during its turn', () => {
  let bench: Awaited<ReturnType<typeof startBench>>;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.stop());

  it('reaches its user at once and in order, before the result of the turn', async () => {
    const env = { WORKER_TYPE: 'po', REPO_URL: '', AGENT_ENV: '{"TOKEN":"hunter2-hunter2"}' };
    const worker = bench.worker('responds', { ...env, AGENT_SECRET_NAMES: '["TOKEN"]' });
    const prompt = JSON.stringify({ cli, texts: ['First', 'I know hunter2-hunter2', ' '] });
    const input = { request_id: 'turn', prompt, user_id: 7_123_456_789, timeout: 60 };
    await publish(bench.redis, workerInputs, input, { params: { type: 'po', worker_id: worker.id } });
    const outputs = async () => {
      const entries = await bench.redis.xrange(`worker:po:${worker.id}:output`, '-', '+');
      return entries.map(([, fields]) => JSON.parse(fields[1] as string) as POWorkerOutput);
    };
    await waitFor(`the last text; ${worker.log}`, async () => (await outputs()).some((one) => one.is_final), {
      timeoutMs: 30_000,
    });

    expect((await outputs()).map(({ text, is_final, user_id }) => [text, is_final, user_id])).toEqual([
      ['First', false, 7_123_456_789],
      ['I know [redacted]', false, 7_123_456_789],
      ['done: ok ok VALIDATION_FAILED', true, 7_123_456_789],
    ]);
  });

  it('that writes code sends it as progress of the task; ALLOWED_COMMANDS limits it', async () => {
    const worker = bench.worker('responds');
    await worker.send('turn', JSON.stringify({ cli, texts: ['Half of it is done'] }));
    expect(await worker.output('turn', 30_000)).toMatchObject({ summary: 'done: ok' });
    expect((await worker.progress('turn')).map(({ message }) => message)).toContain('Half of it is done');

    const env = { ALLOWED_COMMANDS: 'project.get' };
    await worker.send('bound', JSON.stringify({ cli, texts: ['Hello'], env }));
    expect(await worker.output('bound', 30_000)).toMatchObject({ summary: 'done: COMMAND_NOT_ALLOWED' });
  });
});

describe('the socket of a turn', () => {
  let folder: string;
  let socket: RespondSocket | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'codegen-respond-'));
  });
  afterEach(async () => {
    await socket?.close();
    await rm(folder, { recursive: true });
  });
  const open = async (deliver: (text: string) => Promise<'user' | 'progress'>, perMinute = 30) => {
    socket = await openRespondSocket({ folder, requestId: 'turn', deliver, perMinute });
    return socket.path;
  };

  it('is for this account only, delivers texts one at a time, and is removed after the turn', async () => {
    const heard: string[] = [];
    let running = 0;
    const socketPath = await open(async (text) => {
      running += 1;
      expect(running).toBe(1);
      await new Promise((done) => setTimeout(done, 20));
      running -= 1;
      heard.push(text);
      return 'user';
    });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    const texts = ['one', 'two é 漢', 'x'.repeat(16 * 1024)];
    for (const text of texts) {
      expect(await respond(text, { socketPath })).toEqual({ delivered: 'user', request_id: 'turn' });
    }
    await Promise.all(['a', 'b', 'c'].map((text) => respond(text, { socketPath })));
    expect(heard.slice(0, 3)).toEqual(texts);
    expect(heard).toHaveLength(6);
    await socket?.close();
    await expect(respond('late', { socketPath })).rejects.toMatchObject({ code: 'CONFLICT', exitCode: 5 });
  });

  it('rejects long, frequent and undeliverable messages, and reports when Redis is unavailable', async () => {
    const socketPath = await open(async (text) => {
      if (text === 'away') throw new OrchestratorError('REDIS_UNAVAILABLE', 'redis://:secret@host is away');
      if (text === 'alone') throw new NoRecipientError('no recipient');
      return 'progress';
    }, 4);
    const codes = [];
    for (const text of ['x'.repeat(16 * 1024 + 1), '\n', 'away', 'alone', 'three', 'four', 'five']) {
      const ended = await respond(text, { socketPath }).catch((error: unknown) => error);
      expect(String(ended)).not.toContain('secret');
      codes.push((ended as { code?: string }).code ?? 'ok');
    }
    const often = await respond('six', { socketPath }).catch((error: unknown) => error);

    expect(codes).toEqual([
      'VALIDATION_FAILED',
      'VALIDATION_FAILED',
      'REDIS_UNAVAILABLE',
      'CONFLICT',
      'ok',
      'ok',
      'RATE_LIMITED',
    ]);
    expect(often).toMatchObject({ exitCode: 75, retryAfterMs: expect.any(Number) });
  });

  it('rejects invalid messages', async () => {
    const socketPath = await open(async () => 'user');
    const answers = [];
    for (const bytes of ['nonsense\n', '{"text":7}\n', `{"text":"${'x'.repeat(40_000)}"}\n`, 'y'.repeat(200_000)]) {
      const connection = createConnection(socketPath);
      connection.on('error', () => undefined);
      connection.write(bytes);
      let answer = '';
      for await (const chunk of connection) answer += chunk;
      answers.push(JSON.parse(answer).code);
    }
    expect(answers).toEqual(Array(4).fill('VALIDATION_FAILED'));
    expect(await respond('still here', { socketPath })).toMatchObject({ delivered: 'user' });
  });

  it('closes connections of idle clients', async () => {
    const socketPath = await open(async () => 'user');
    const talkers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const talker = createConnection({ path: socketPath, allowHalfOpen: true });
        talker.on('error', () => undefined);
        talker.write('{"text":"hello"}\n');
        await once(talker, 'data');
        return talker;
      }),
    );
    const said = () => respond('still here', { socketPath }).catch(() => undefined);
    expect(await waitFor('a place', said, { timeoutMs: 2000 })).toMatchObject({ delivered: 'user' });
    for (const talker of talkers) talker.destroy();
  });

  it('closes connections of clients that never finish their line', async () => {
    const socketPath = await open(async () => 'user');
    const talkers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const talker = createConnection(socketPath);
        talker.on('error', () => undefined);
        await once(talker, 'connect');
        const dripping = setInterval(() => talker.write('y'), 200);
        talker.once('close', () => clearInterval(dripping));
        return talker;
      }),
    );
    const said = () => respond('still here', { socketPath }).catch(() => undefined);
    expect(await waitFor('a place', said, { timeoutMs: 9000 })).toMatchObject({ delivered: 'user' });
    for (const talker of talkers) talker.destroy();
  });

  it('releases an aborted caller within 50 ms', async () => {
    const socketPath = await open(() => new Promise((done) => setTimeout(() => done('user'), 300)));
    const stop = new AbortController();
    const reason = new Error('enough');
    const call = respond('slow', { socketPath, signal: stop.signal });
    setTimeout(() => stop.abort(reason), 50);
    const startedMs = performance.now();
    await expect(call).rejects.toBe(reason);
    expect(performance.now() - startedMs).toBeLessThan(100);
  });
});
