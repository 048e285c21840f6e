import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import type { WorkerManagerConfig } from '../../src/index.js';
import { startBench } from '../support/bench.js';
import { memoryMachine } from '../support/memory-runtime.js';

type Bench = Awaited<ReturnType<typeof startBench>>;

/** A place where workers run, and what a test does there behind the manager's back. */
type Machine = Omit<ReturnType<typeof memoryMachine>, 'runtime'> & {
  config: Partial<WorkerManagerConfig>;
  prompt: (ms: number) => string;
};

function processes({ workersDir }: Bench): Machine {
  const pathOf = (workerId: string, path: string) => join(workersDir, workerId, path);
  const log = (workerId: string) => pathOf(workerId, 'wrapper.log');
  return {
    config: {},
    prompt: (ms) => `wait ${ms}`,
    crash: async (workerId) => {
      for (const pid of await processesWith(`WORKER_ID=${workerId}`)) process.kill(pid, 'SIGKILL');
    },
    read: (workerId, path) => readFile(pathOf(workerId, path), 'utf8'),
    plant: async (workerId, path, content) => {
      await mkdir(dirname(pathOf(workerId, path)), { recursive: true });
      await writeFile(pathOf(workerId, path), content);
    },
    growLog: (workerId) => writeFile(log(workerId), Buffer.alloc(6_000_000)),
    logBytes: async (workerId) => (await stat(log(workerId))).size,
    isThere: async (workerId) => (await readdir(workersDir)).includes(workerId),
    stop: async () => undefined,
  };
}

function memory(outlivesManager: boolean) {
  return ({ redis, server }: Bench): Machine => {
    const { runtime, ...machine } = memoryMachine(redis, server.url);
    return { ...machine, config: { runtime: { ...runtime, outlivesManager } }, prompt: String };
  };
}

describe.each([
  ['processes', processes, false],
  ['workers without a file or a process of this machine', memory(false), false],
  ['workers that outlive their manager', memory(true), true],
] as const)('%s', (_, machineOf, outlives) => {
  let bench: Bench;
  let machine: Machine;
  beforeEach(async () => {
    bench = await startBench();
    machine = machineOf(bench);
  });
  afterEach(async () => {
    await bench.stop();
    await machine.stop();
  });

  const start = (more: Partial<WorkerManagerConfig> = {}) => bench.start({ ...machine.config, ...more });
  const turnOf = (workerId: string, ms: number) => bench.input(workerId, machine.prompt(ms));
  const ask = async (command: 'status' | 'send_file', worker_id: string, more: object = {}) => {
    const request_id = randomUUID();
    await bench.send({ command, request_id, worker_id, ...more } as never);
    return bench.response(request_id);
  };
  const busy = async (workerId: string) =>
    waitFor('it to be busy', async () => (await ask('status', workerId)).status === 'busy');

  it('run turns, take files, tell how they are, and leave nothing when they are deleted', async () => {
    await start();
    const workerId = await bench.create('writes-file', { instructions: 'Be brief.' });
    expect(await bench.output(await turnOf(workerId, 10))).toMatchObject({ status: 'success', worker_id: workerId });
    await waitFor('it to be idle', async () => (await ask('status', workerId)).status === 'idle');
    expect(await machine.read(workerId, 'home/AGENTS.md')).toBe('Be brief.');
    expect(await ask('send_file', workerId, { path: 'home/notes', content: 'x' })).toMatchObject({ success: true });
    expect(await machine.read(workerId, 'home/notes')).toBe('x');
    expect(await ask('send_file', workerId, { path: '../notes', content: 'x' })).toMatchObject({ success: false });
    await machine.growLog(workerId);
    await waitFor('its log to be cut', async () => (await machine.logBytes(workerId)) < 6_000_000);
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
    expect(await machine.isThere(workerId)).toBe(false);
  });

  it('that die have their results delivered, and the rest answered as lost', async () => {
    await start();
    const workerId = await bench.create('writes-file');
    const turn = await turnOf(workerId, 60_000);
    const next = await turnOf(workerId, 10);
    await busy(workerId);
    const output = { request_id: turn, worker_id: workerId, status: 'success', epoch: 7, summary: 'it was ready' };
    const result = { output, lifecycle: { request_id: turn, worker_id: workerId, event: 'completed' } };
    await machine.plant(workerId, 'outbox/result.json', JSON.stringify(result));
    await machine.crash(workerId);
    expect(await bench.output(turn)).toMatchObject({ status: 'success', summary: 'it was ready' });
    expect(await bench.output(next)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
    expect(await ask('status', workerId)).toMatchObject({ status: 'lost' });
  });

  it(`${outlives ? 'go on' : 'are lost'} when their manager stops and another follows`, async () => {
    const first = await start();
    const workerId = await bench.create('writes-file');
    const turn = await turnOf(workerId, 3000);
    await busy(workerId);
    await first.stop();
    await start();
    const ended = outlives ? { status: 'success' } : { status: 'failed', reason: 'worker_lost' };
    expect(await bench.output(turn)).toMatchObject(ended);
    expect((await ask('status', workerId)).status).toBe(outlives ? 'idle' : 'lost');
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
    expect(await machine.isThere(workerId)).toBe(false);
  });

  it(`${outlives ? 'go on' : 'are lost'} under another manager when their own is gone`, async () => {
    const first = await start({ name: 'manager-a' });
    const workerId = await bench.create('writes-file');
    const turn = await turnOf(workerId, outlives ? 500 : 60_000);
    await busy(workerId);
    await first.stop();
    const otherDir = join(bench.folder, 'other-workers');
    await mkdir(otherDir);
    await start({ name: 'manager-b', workersDir: otherDir });
    const ended = outlives ? { status: 'success' } : { status: 'failed', reason: 'worker_lost' };
    expect(await bench.output(turn)).toMatchObject(ended);
    const isOfB = async () => (await bench.redis.hget('worker:owners', workerId))?.includes('"manager-b"');
    await waitFor('its new owner', isOfB, { timeoutMs: 20_000 });
    await waitFor('it to be told', async () => (await ask('status', workerId)).status === (outlives ? 'idle' : 'lost'));
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
  });

  it('of which no record tells are removed after the start', async () => {
    await machine.plant('w-unknown', 'home/notes', 'x');
    await start();
    await waitFor('it to go', async () => !(await machine.isThere('w-unknown')));
  });
});
