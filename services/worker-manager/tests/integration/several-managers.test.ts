import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerResponse } from '@codegen/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { processRuntime } from '../../src/runtimes/process.js';
import { kill, startBench } from '../support/bench.js';

let bench: Awaited<ReturnType<typeof startBench>>;
let otherDir: string;
beforeEach(async () => {
  bench = await startBench();
  otherDir = join(bench.folder, 'other-workers');
  await mkdir(otherDir);
});
afterEach(() => bench.stop());

const startA = (env: Record<string, string> = {}) => bench.spawn({ INSTANCE: 'manager-a', ...env });
const startB = (more: object = {}) => bench.start({ workersDir: otherDir, name: 'manager-b', ...more });
/** A lease that does not end while a manager stands still. */
const LASTING = { env: { LEASE_MS: '60000' }, config: { leaseMs: 60_000 } };
/** One that ends, though not before a busy machine has come to the next line. */
const ENDING = { env: { LEASE_MS: '5000' }, config: { leaseMs: 5000 } };
const ownerOf = async (workerId: string): Promise<{ manager: string; record: { state: string } } | undefined> => {
  const text = await bench.redis.hget('worker:owners', workerId);
  return text === null ? undefined : JSON.parse(text);
};
const ask = async (command: 'list' | 'status' | 'delete', worker_id = ''): Promise<WorkerResponse> => {
  const request_id = randomUUID();
  await bench.send({ command, request_id, worker_id });
  return bench.response(request_id);
};
const listed = async () => (await ask('list')).workers?.map(({ worker_id, status }) => `${worker_id} ${status}`).sort();

/** A worker of the manager `a` in a turn; what is sent while `a` stands still is for `b`, but for one entry. */
async function busyWorker() {
  const workerId = await bench.create('forever');
  await bench.response(workerId.slice(2));
  const turn = await bench.input(workerId, 'stay');
  await bench.saying(turn, 'working');
  return { workerId, turn };
}

/** Sends a deletion twice: a manager that stands still holds one of them at most. */
async function deleteTwice(worker_id: string): Promise<[string, string]> {
  const requests = [randomUUID(), randomUUID()] as [string, string];
  for (const request_id of requests) await bench.send({ command: 'delete', request_id, worker_id });
  return requests;
}

const passedOnTo = (manager: string) => bench.redis.hlen(`worker:manager:${manager}:commands`);
const isAlive = async (workerId: string) => (await processesWith(`WORKER_ID=${workerId}`)).length > 0;

/** The answer to whichever is answered first. */
const firstAnswer = (requests: string[]) =>
  waitFor(
    `an answer; ${bench.logged.join('\n')}`,
    async () => (await Promise.all(requests.map((one) => bench.responses(one)))).flat()[0],
    { timeoutMs: 30_000 },
  );

describe('two managers', () => {
  it('do not start on one folder, whatever Redis: the workers of the first one live on', async () => {
    await bench.start();
    const workerId = await bench.create('forever');
    await bench.saying(await bench.input(workerId, 'stay'), 'working');
    const wrapper = await bench.wrapper(workerId);
    await expect(bench.start({ redisUrl: `${bench.server.url}/1`, name: 'another' })).rejects.toThrow(
      `the workers folder ${bench.workersDir} is in use by process ${process.pid}: stop that worker-manager first`,
    );
    expect(await bench.wrapper(workerId)).toBe(wrapper);
    expect(await bench.folders()).toEqual([workerId]);
  });

  it('do not have one name', async () => {
    await bench.start({ name: 'manager-a' });
    await expect(bench.start({ workersDir: otherDir, name: 'manager-a' })).rejects.toThrow(
      /^another worker-manager is called manager-a.*INSTANCE of its own/,
    );
  });

  it('answer each command once: one that reads a command for the other’s worker passes it on', async () => {
    const a = await startA(LASTING.env);
    const { workerId } = await busyWorker();
    await startB(LASTING.config);
    expect(await ownerOf(workerId)).toMatchObject({ manager: 'manager-a' });
    a.kill('SIGSTOP');
    const requests = await deleteTwice(workerId);
    await waitFor('one of them to be passed on', async () => (await passedOnTo('manager-a')) > 0);
    // The worker lives: nobody has said that it is gone.
    expect(await isAlive(workerId)).toBe(true);
    expect((await Promise.all(requests.map((one) => bench.responses(one)))).flat()).toEqual([]);
    a.kill('SIGCONT');
    for (const request of requests) expect(await bench.response(request)).toMatchObject({ success: true });
    expect(await isAlive(workerId)).toBe(false);
    expect(await ownerOf(workerId)).toBeUndefined();
    expect(await bench.folders()).toEqual([]);
    await waitFor('nothing to be left', async () => (await passedOnTo('manager-a')) === 0);
    for (const request of requests) expect(await bench.responses(request)).toHaveLength(1);
  });

  it('list the workers of both, also while one of them stands still', async () => {
    const a = await startA(LASTING.env);
    const { workerId: first } = await busyWorker();
    await startB(LASTING.config);
    a.kill('SIGSTOP');
    // The one that stands still may have been given one.
    const [second, third] = [await bench.create('forever'), await bench.create('forever')];
    const madeByB = await firstAnswer([second.slice(2), third.slice(2)]);
    const ofB = madeByB.worker_id as string;
    expect(await ownerOf(ofB)).toMatchObject({ manager: 'manager-b' });
    const names = (all: string[] | undefined) => all?.map((one) => one.split(' ')[0]);
    expect(names(await listed())).toEqual(expect.arrayContaining([first, ofB]));
    a.kill('SIGCONT');
    await bench.response(second.slice(2));
    await bench.response(third.slice(2));
    expect(names(await listed())).toEqual([first, second, third].sort());
    expect(await ask('status', first)).toMatchObject({ success: true, status: 'busy' });
  });

  it('start a worker once whose command comes again, to whichever of them', async () => {
    const a = await startA(LASTING.env);
    const { workerId } = await busyWorker();
    await startB(LASTING.config);
    await bench.redis.del(`worker:response:${workerId.slice(2)}`);
    a.kill('SIGSTOP');
    for (let copies = 0; copies < 2; copies += 1) await bench.create('forever', {}, workerId.slice(2));
    await waitFor('a copy to be passed on', async () => (await passedOnTo('manager-a')) > 0);
    a.kill('SIGCONT');
    await waitFor('the answers', async () => (await bench.responses(workerId.slice(2))).length >= 2);
    expect(await bench.response(workerId.slice(2))).toMatchObject({ success: true, worker_id: workerId });
    expect(await processesWith(`WORKER_ID=${workerId}`)).toHaveLength(1);
    expect(await ownerOf(workerId)).toMatchObject({ manager: 'manager-a' });
  });

  it('serve send_file and send_message for each other’s workers', async () => {
    const a = await startA(LASTING.env);
    const workerId = await bench.create('writes-file');
    await bench.response(workerId.slice(2));
    await startB(LASTING.config);
    a.kill('SIGSTOP');
    const files = [randomUUID(), randomUUID()];
    for (const request_id of files) {
      const file = { path: 'home/notes', content: 'x' };
      await bench.send({ command: 'send_file', request_id, worker_id: workerId, ...file });
    }
    await waitFor('one to be passed on', async () => (await passedOnTo('manager-a')) > 0);
    const question = randomUUID();
    await bench.send({
      command: 'send_message',
      request_id: question,
      worker_id: workerId,
      message: 'Hi',
      timeout: 60,
    });
    expect(await bench.response(question)).toMatchObject({ success: true });
    a.kill('SIGCONT');
    for (const request of files) expect(await bench.response(request)).toMatchObject({ success: true });
    expect(await readFile(join(bench.workersDir, workerId, 'home', 'notes'), 'utf8')).toBe('x');
  });
});

describe('a manager that is killed', () => {
  it('has its workers ended by another one before a deletion is answered, also those that outlived it', async () => {
    const a = await startA();
    const { workerId, turn } = await busyWorker();
    await startB();
    // A stopped process takes no notice of the end of its parent.
    process.kill(await bench.wrapper(workerId), 'SIGSTOP');
    await kill(a);
    const requests = await deleteTwice(workerId);
    expect(await firstAnswer(requests)).toMatchObject({ success: true });
    expect(await isAlive(workerId)).toBe(false);
    expect(await processesWith(`AGENT_RUN_ID=${workerId}/`)).toEqual([]);
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', worker_id: workerId });
    expect(await ownerOf(workerId)).toBeUndefined();
  });

  it('has its turns answered as lost by another one, though nobody asks, and its waiting workers started', async () => {
    const a = await startA({ MAX_WORKERS: '1' });
    const { workerId, turn } = await busyWorker();
    const waiting = await bench.create('writes-file');
    const its = await bench.input(waiting, 'Write this');
    await waitFor('it to wait', async () => (await ownerOf(waiting))?.record.state === 'queued');
    await startB();
    await kill(a);
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
    expect(await bench.output(its)).toMatchObject({ status: 'success' });
    expect(await bench.response(waiting.slice(2))).toMatchObject({ success: true });
    expect(await ownerOf(waiting)).toMatchObject({ manager: 'manager-b' });
    expect(await ask('status', workerId)).toMatchObject({ status: 'lost' });
    expect(await bench.redis.hkeys('worker:managers')).toEqual(['manager-b']);
  });

  it('and is started again in time has its workers again: no other one takes them', async () => {
    const a = await startA({ MAX_WORKERS: '1', ...LASTING.env });
    const { turn } = await busyWorker();
    const waiting = await bench.create('writes-file');
    const its = await bench.input(waiting, 'Write this');
    await waitFor('it to wait', async () => (await ownerOf(waiting))?.record.state === 'queued');
    await startB(LASTING.config);
    await kill(a);
    await startA({ MAX_WORKERS: '1', ...LASTING.env });
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
    expect(await bench.output(its)).toMatchObject({ status: 'success' });
    expect(await ownerOf(waiting)).toMatchObject({ manager: 'manager-a' });
  });

  it('leaves what it was passed on: another one serves it', async () => {
    const a = await startA(ENDING.env);
    const { workerId } = await busyWorker();
    await startB(ENDING.config);
    a.kill('SIGSTOP');
    const requests = await deleteTwice(workerId);
    await waitFor('one of them to be passed on', async () => (await passedOnTo('manager-a')) > 0);
    await kill(a);
    expect(await firstAnswer(requests)).toMatchObject({ success: true });
    expect(await isAlive(workerId)).toBe(false);
    await waitFor('nothing to be left', async () => (await passedOnTo('manager-a')) === 0);
  });
});

describe('a manager that stands still for longer than its lease', () => {
  const standStill = async (a: ChildProcess, workerId: string) => {
    a.kill('SIGSTOP');
    const requests = await deleteTwice(workerId);
    expect(await firstAnswer(requests)).toMatchObject({ success: true });
    expect(await isAlive(workerId)).toBe(false);
    const exited = once(a, 'exit');
    a.kill('SIGCONT');
    const [code] = await exited;
    expect(code).not.toBe(0);
  };

  it('has lost its workers, and ends when it goes on', async () => {
    const a = await startA();
    const { workerId, turn } = await busyWorker();
    await startB();
    await standStill(a, workerId);
    expect(await bench.outputs(turn)).toHaveLength(1);
    // Under the same name and folder it begins anew.
    await startA();
    expect(await bench.folders()).toEqual([]);
    expect(await listed()).toEqual([]);
  });

  it('has workers that end by themselves where the next one cannot reach them', async () => {
    const a = await startA();
    const { workerId } = await busyWorker();
    const unreaching = {
      ...processRuntime({
        ...{ workersDir: otherDir, redisUrl: bench.server.url, wrapperCommand: ['false'] },
        ...{ environment: {}, terminateGraceMs: 300 },
      }),
      end: async () => undefined,
    };
    await startB({ runtime: unreaching });
    await standStill(a, workerId);
    expect(await processesWith(`AGENT_RUN_ID=${workerId}/`)).toEqual([]);
  });
});

describe('the workers of an earlier release', () => {
  it('have no owner, and get that which has their folder', async () => {
    const first = await bench.start({ maxWorkers: 1 });
    await busyWorker();
    const waiting = await bench.create('writes-file');
    await waitFor('it to wait', async () => (await bench.folders()).includes(waiting));
    await first.stop();
    await bench.redis.del('worker:owners', 'worker:managers', 'worker:managers:since');
    await startB();
    await startA();
    await waitFor('its owner', async () => (await ownerOf(waiting))?.manager === 'manager-a');
    expect(await bench.response(waiting.slice(2))).toMatchObject({ success: true });
  });

  it('are not there twice: no manager starts beside one of that release, nor that one beside it', async () => {
    await bench.redis.set('worker:manager', 'former-one elsewhere', 'PX', 1000);
    const former = setInterval(() => void bench.redis.set('worker:manager', 'former-one elsewhere', 'PX', 1000), 100);
    try {
      await expect(startB()).rejects.toThrow('one of an earlier release serves this Redis');
    } finally {
      clearInterval(former);
    }
    await startB();
    expect(await bench.redis.get('worker:manager')).toBe('several-managers');
  });
});

describe('what all know of workers', () => {
  it('is there again after Redis has lost it', async () => {
    await bench.start({ name: 'manager-a' });
    const workerId = await bench.create('forever');
    await bench.response(workerId.slice(2));
    await bench.redis.flushall();
    await waitFor('its owner', async () => (await ownerOf(workerId))?.manager === 'manager-a');
    expect(await isAlive(workerId)).toBe(true);
  });

  it('has no worker again that was deleted, though Redis comes back older than it was', async () => {
    await bench.start({ name: 'manager-a' });
    const workerId = await bench.create('forever');
    await bench.response(workerId.slice(2));
    const told = (await bench.redis.hget('worker:owners', workerId)) as string;
    await bench.delete(workerId);
    await bench.redis.hset('worker:owners', workerId, told);
    expect(await listed()).toEqual([expect.stringContaining(workerId)]);
    await bench.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await waitFor('it to go', async () => (await ownerOf(workerId)) === undefined);
    expect(await listed()).toEqual([]);
  });

  it('does not make a worker anew whose record is of an earlier process of that name', async () => {
    const first = await bench.start({ name: 'manager-a' });
    const { turn } = await busyWorker();
    await first.stop();
    // Its disk is gone.
    await rename(bench.workersDir, `${bench.workersDir}-gone`);
    await mkdir(bench.workersDir);
    await writeFile(join(bench.workersDir, 'unrelated'), '');
    await bench.start({ name: 'manager-a' });
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
  });
});
