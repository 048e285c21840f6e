import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerConfig } from '@codegen/contracts';
import { Orchestrator, type WorkerLogEntry } from '@codegen/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { startBench } from '../support/bench.js';

let bench: Awaited<ReturnType<typeof startBench>>;
let client: Orchestrator;
beforeEach(async () => {
  bench = await startBench();
  client = new Orchestrator({ redisUrl: bench.server.url });
});
afterEach(async () => {
  await client.close();
  await bench.stop();
});

const config = (agent_config: string, more: Partial<WorkerConfig> = {}): WorkerConfig => ({
  name: 'tester',
  agent: 'custom',
  agent_config,
  worker_type: 'developer',
  capabilities: [],
  env_vars: {},
  mount_session_volume: false,
  repo: { repo_full_name: 'local/proj_1', ref: 'main', read_only: false },
  ...more,
});

describe('workers, by a client', () => {
  it('are created once for a key, listed, asked, given files and turns, told of, and deleted', async () => {
    await bench.start();
    const key = { idempotencyKey: 'one' };
    const [first, second] = await Promise.all([
      client.workers.create(config('writes-file'), key),
      client.workers.create(config('writes-file'), key),
    ]);
    const { worker_id } = first;
    expect(second.worker_id).toBe(worker_id);
    expect(await processesWith(`WORKER_ID=${worker_id}`)).toHaveLength(1);
    const other = client.workers.create(config('writes-file', { name: 'other' }), key);
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });

    await client.workers.sendFile(worker_id, { path: 'home/notes.md', content: '# Notes é\n' });
    expect(await readFile(join(bench.workersDir, worker_id, 'home/notes.md'), 'utf8')).toBe('# Notes é\n');
    const astray = client.workers.sendFile(worker_id, { path: '../notes.md', content: '' });
    await expect(astray).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });

    const turn = await client.workers.send(worker_id, 'Write this', { idempotencyKey: 'turn' });
    expect(turn.response).toBe('Wrote the prompt');
    const again = await client.workers.send(worker_id, 'Write this', { idempotencyKey: 'turn' });
    expect(again).toEqual(turn);
    expect(await client.workers.answer(worker_id, turn.request_id)).toEqual(turn);

    const [listed] = await client.workers.list();
    expect(listed).toMatchObject({ worker_id, name: 'tester', agent_config: 'writes-file', worker_type: 'developer' });
    await waitFor('it to be idle', async () => (await client.workers.get(worker_id)).status === 'idle');
    const lines = await waitFor('the lines of the agent', async () => {
      const all: WorkerLogEntry[] = [];
      for await (const line of client.workers.logs(worker_id)) all.push(line);
      return all.some(({ text }) => text === 'writing') && all;
    });
    expect(lines.find(({ text }) => text === 'writing')).toMatchObject({
      source: 'agent',
      request_id: turn.request_id,
    });

    await client.workers.delete(worker_id);
    expect(await processesWith(`WORKER_ID=${worker_id}`)).toEqual([]);
    expect(await client.workers.get(worker_id)).toEqual({ worker_id, status: 'stopped' });
    expect(await client.workers.list()).toEqual([]);
    await client.workers.delete(worker_id);
  });

  it('that are not there are NOT_FOUND, and what worker-manager refuses says why', async () => {
    await bench.start();
    const calls = [
      client.workers.get('w-none'),
      client.workers.send('w-none', 'Hello'),
      client.workers.sendFile('w-none', { path: 'home/a', content: '' }),
      client.workers.logs('w-none').next(),
    ];
    const ended = await Promise.allSettled(calls);
    for (const one of ended) expect(one).toMatchObject({ reason: { code: 'NOT_FOUND', exitCode: 3 } });
    await expect(client.workers.create(config('no-such-agent'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('the agents file knows: changes-nothing'),
    });
    const failing = await client.workers.create(config('exits-nonzero'));
    await expect(client.workers.send(failing.worker_id, 'Hello')).rejects.toMatchObject({ code: 'WORKER_FAILED' });
  });

  it('whose turn lasts longer than one waits go on, are seen to be busy, and their log can be followed', async () => {
    await bench.start();
    const { worker_id } = await client.workers.create(config('forever'));
    const sent = client.workers.send(worker_id, 'Hello', { timeoutMs: 300 });
    const error = await sent.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'STILL_RUNNING', exitCode: 8, details: { worker_id } });
    const { request_id } = (error as { details: { request_id: string } }).details;
    await waitFor('it to be busy', async () => {
      const { status, turn } = await client.workers.get(worker_id);
      return status === 'busy' && turn === request_id;
    });
    const stop = new AbortController();
    const following = client.workers.logs(worker_id, { follow: true, signal: stop.signal });
    const { value } = await following.next();
    expect(value).toMatchObject({ worker_id, source: expect.stringMatching(/agent|wrapper/) });
    const reason = new Error('enough');
    const next = (async () => {
      for await (const _ of following);
    })();
    stop.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  it('have no secret in their log', async () => {
    await bench.start({ openVariables: ['LOGGED_SECRET'] });
    process.env.LOGGED_SECRET = 'hunter2-hunter2';
    try {
      const agent = config('prints-secrets-of-env', { env_vars: { API_SECRET: 'env:LOGGED_SECRET' } });
      const { worker_id } = await client.workers.create(agent);
      await client.workers.send(worker_id, 'Print them').catch(() => undefined);
      const text = await waitFor('the agent to be told of', async () => {
        const lines: string[] = [];
        for await (const line of client.workers.logs(worker_id)) lines.push(line.text);
        return lines.some((line) => line.includes('[redacted]')) && lines.join('\n');
      });
      expect(text).not.toContain('hunter2-hunter2');
    } finally {
      delete process.env.LOGGED_SECRET;
    }
  });

  it('say when worker-manager is not there', async () => {
    const list = client.workers.list({ timeoutMs: 200 });
    await expect(list).rejects.toMatchObject({ code: 'TIMEOUT', exitCode: 75 });
  });
});
