import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workerIdFor, workerInputs } from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesIn, processesWith } from '../../../../packages/worker-wrapper/tests/support/processes.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { kill, startBench } from '../support/bench.js';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.stop());

const agentPids = (workerId: string) => processesWith(`AGENT_RUN_ID=${workerId}/`);

describe('a wrapper that is killed', () => {
  it('in mid-turn: its turns are answered as lost, once, and nothing of it goes on running', async () => {
    await bench.start();
    const workerId = await bench.create('spawns-children');
    const turn = await bench.input(workerId, 'stay');
    const waiting = await bench.input(workerId, 'next');
    await bench.saying(turn, 'children started');
    process.kill(await bench.wrapper(workerId), 'SIGKILL');
    const lost = { status: 'failed', reason: 'worker_lost', worker_id: workerId, epoch: 7 };
    expect(await bench.output(turn)).toMatchObject({ ...lost, task_id: `task_${turn}` });
    // Nothing may be alive at the moment of the answer: the next attempt starts on it.
    expect(await agentPids(workerId)).toEqual([]);
    expect(await processesIn(join(bench.workersDir, workerId))).toEqual([]);
    expect(await bench.output(waiting)).toMatchObject(lost);
    await waitFor(
      'the stream to be empty',
      async () => !(await bench.redis.xlen(`worker:developer:${workerId}:input`)),
    );
    expect(await bench.outputs(turn)).toHaveLength(1);
    const late = await bench.input(workerId, 'late');
    expect(await bench.output(late)).toMatchObject(lost);
    expect(await bench.delete(workerId)).toMatchObject({ success: true });
    expect(await bench.folders()).toEqual([]);
  });

  it('with a result that it could not deliver: the result is delivered for it', async () => {
    await bench.start();
    const workerId = await bench.create('writes-file');
    const turn = await bench.input(workerId, 'wait 1500', { task_id: 'task_outbox' });
    await bench.saying(turn, 'writing');
    const wrapper = await bench.wrapper(workerId);
    await bench.server.kill();
    const outbox = join(bench.workersDir, workerId, 'outbox');
    const kept = async () => (await readdir(outbox).catch(() => [])).some((name) => name.endsWith('.json'));
    await waitFor('the result on disk', kept, { timeoutMs: 20_000 });
    process.kill(wrapper, 'SIGKILL');
    await bench.server.restart();
    expect(await bench.output(turn)).toMatchObject({ status: 'success', branch: 'task/task_outbox/7' });
    await waitFor(
      'the stream to be empty',
      async () => !(await bench.redis.xlen(`worker:developer:${workerId}:input`)),
    );
    const statuses = (await bench.outputs(turn)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['success']));
  });
});

it('a result that an agent forged for a turn that its worker was not given, or for another worker, is not delivered', async () => {
  await bench.start();
  const workerId = await bench.create('spawns-children');
  const turn = await bench.input(workerId, 'stay');
  await bench.saying(turn, 'children started');
  const outbox = join(bench.workersDir, workerId, 'outbox');
  await mkdir(outbox, { recursive: true });
  for (const [request_id, worker_id] of [
    ['turn-of-a-tester', workerId],
    [turn, 'w-other'],
  ]) {
    const output = { request_id, worker_id, task_id: 'task_1', epoch: 7, status: 'success' };
    const forged = { output, lifecycle: { request_id, worker_id, event: 'completed' } };
    await writeFile(join(outbox, `${worker_id}.json`), JSON.stringify(forged));
  }
  process.kill(await bench.wrapper(workerId), 'SIGKILL');
  expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'worker_lost', worker_id: workerId });
  expect(await bench.outputs('turn-of-a-tester')).toEqual([]);
});

it('a turn that was answered before its worker died is answered the same way again, not as lost', async () => {
  await bench.start();
  const workerId = await bench.create('writes-file');
  const turn = await bench.input(workerId, 'Write this');
  const answer = await bench.output(turn);
  process.kill(await bench.wrapper(workerId), 'SIGKILL');
  await bench.input(workerId, 'Write this', { request_id: turn, task_id: `task_${turn}` });
  await waitFor('the second answer', async () => (await bench.outputs(turn)).length === 2);
  expect((await bench.outputs(turn))[1]).toEqual(answer);
});

it('a worker whose agent broke its record is given up at the next start: what it was asked is answered', async () => {
  const first = await bench.start();
  const workerId = await bench.create('spawns-children');
  const turn = await bench.input(workerId, 'stay');
  await bench.saying(turn, 'children started');
  await first.stop();
  await writeFile(join(bench.workersDir, workerId, 'worker.json'), '{"worker_id": "secret');
  await bench.start();
  const output = await bench.output(turn);
  expect(output).toMatchObject({ status: 'failed', reason: 'worker_lost' });
  expect(output.error).toContain(`${workerId}/worker.json is not JSON`);
  expect(output.error).not.toContain('secret');
  await waitFor('the folder to go', async () => (await bench.folders()).length === 0);
  const next = await bench.create('spawns-children');
  await bench.saying(await bench.input(next, 'stay'), 'children started');
});

describe('a manager that is killed', () => {
  it('takes wrappers and agents along, and the next one reports their turns as lost', async () => {
    const manager = await bench.spawn();
    const workerId = await bench.create('spawns-children');
    const turn = await bench.input(workerId, 'stay');
    await bench.saying(turn, 'children started');
    await kill(manager);
    await waitFor('everything to end', async () => (await processesIn(join(bench.workersDir, workerId))).length === 0);
    expect(await bench.outputs(turn)).toEqual([]);
    await bench.start();
    expect(await bench.output(turn)).toMatchObject({ status: 'failed', reason: 'worker_lost' });
  });

  it('leaves survivors only until the next one: they are killed before their turns are reported as lost', async () => {
    const manager = await bench.spawn();
    const workerId = await bench.create('forever');
    const turn = await bench.input(workerId, 'stay');
    await bench.saying(turn, 'working');
    // A stopped process takes no notice of the end of its parent.
    process.kill(await bench.wrapper(workerId), 'SIGSTOP');
    await kill(manager);
    expect(await agentPids(workerId)).toHaveLength(1);
    await bench.start();
    expect(await bench.output(turn)).toMatchObject({ reason: 'worker_lost' });
    expect(await agentPids(workerId)).toEqual([]);
    expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
  });

  it('keeps who waits for a slot: the next one starts them', async () => {
    const first = await bench.start({ maxWorkers: 1 });
    const blocker = await bench.create('forever');
    await bench.response(blocker.slice(2));
    const workerId = await bench.create('writes-file');
    const turn = await bench.input(workerId, 'Write this');
    await waitFor('both workers', async () => (await bench.folders()).length === 2);
    await first.stop();
    await bench.start({ maxWorkers: 1 });
    expect(await bench.output(turn)).toMatchObject({ status: 'success' });
  });

  it('that is asked to stop ends its workers and exits with 0', async () => {
    const manager = await bench.spawn();
    const workerId = await bench.create('ignores-sigterm');
    const turn = await bench.input(workerId, 'stay');
    await bench.saying(turn, 'working');
    expect(await kill(manager, 'SIGTERM')).toBe(0);
    expect(await agentPids(workerId)).toEqual([]);
    expect(await processesWith(`WORKER_ID=${workerId}`)).toEqual([]);
    await bench.start();
    expect(await bench.output(turn)).toMatchObject({ reason: 'worker_lost' });
  });
});

it('live workers are not taken for lost when Redis loses everything', async () => {
  await bench.start();
  const workerId = await bench.create('writes-file');
  const turn = await bench.input(workerId, 'wait 1500', { task_id: 'task_flushed' });
  await bench.saying(turn, 'writing');
  await bench.redis.flushall();
  expect(await bench.output(turn)).toMatchObject({ status: 'success', branch: 'task/task_flushed/7' });
});

it('a manager without a worker goes on when Redis was away', async () => {
  const manager = await bench.spawn();
  await bench.server.kill();
  // Longer than a command without a reply waits.
  await sleep(6000);
  await bench.server.restart();
  const workerId = await bench.create('writes-file');
  expect(await bench.output(await bench.input(workerId, 'Write this'))).toMatchObject({ status: 'success' });
  expect(manager.exitCode).toBeNull();
}, 60_000);

describe('one worker that cannot be looked after', () => {
  it('holds up no other: late inputs of the others that are gone are answered', async () => {
    await bench.start();
    const gone: string[] = [];
    for (const name of ['a', 'b', 'c']) gone.push(workerIdFor(`gone-${name}`));
    for (const worker_id of gone) await bench.send({ command: 'delete', request_id: `delete-${worker_id}`, worker_id });
    for (const worker_id of gone) {
      await waitFor('the deletion', async () => (await bench.responses(`delete-${worker_id}`)).length === 1);
    }
    await bench.redis.set(`worker:gone:${gone[0]}`, 'no JSON');
    await bench.redis.set(`worker:developer:${gone[1]}:input`, 'no stream');
    await bench.redis.rpush('worker:gone:w-a-list', 'no text');
    await bench.redis.zadd('worker:gone', 0, 'w-a-list');
    const input = { request_id: 'late', prompt: 'Hello', task_id: 'task_1' };
    await publish(bench.redis, workerInputs, input, { params: { type: 'developer', worker_id: gone[2] ?? '' } });

    await waitFor('the answer', async () => (await bench.outputs('late')).length === 1);
    expect(await bench.outputs('late')).toMatchObject([{ status: 'failed', reason: 'cancelled' }]);
  });

  it('keeps nobody waiting for a slot that is free, nor does a key of another type', async () => {
    await bench.start({ maxWorkers: 1 });
    const [first, second] = ['first', 'second'] as const;
    await bench.create('forever', {}, first);
    await bench.response(first);
    await bench.create('writes-file', {}, second);
    await waitFor('the second to wait', async () => (await bench.folders()).includes(`w-${second}`));
    await bench.redis.del('worker:gone');
    await bench.redis.set('worker:gone', 'no schedule');
    process.kill(await bench.wrapper(`w-${first}`), 'SIGKILL');
    expect(await bench.response(second)).toMatchObject({ success: true });
  });
});
