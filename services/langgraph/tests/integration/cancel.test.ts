import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '@codegen/contracts';
import { type StartedService, startService } from '@codegen/sdk/service';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { scheduler } from '../../../scheduler/src/index.js';
import { Threads } from '../../src/engine/threads.js';
import { Waits } from '../../src/engine/waits.js';
import { databases, World } from '../support/world.js';

/** Whatever is noticed within a test was not found by a look at all running tasks. */
const NEVER = { endsEveryMs: 3_600_000 };

describe.each(databases)('a request to cancel a waiting flow, on %s', (kind) => {
  let world: World;
  let relay: StartedService;
  /** Requests of replicas to the API. */
  const asked: string[] = [];
  const proxy = createServer((incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { method, headers } = incoming;
    const passed = ask(`${world.apiUrl}${incoming.url}`, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    incoming.pipe(passed);
  });
  beforeAll(async () => {
    world = await World.open(kind);
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
  });
  const startRelay = async () => {
    const api = { url: world.apiUrl, token: world.token };
    relay = await startService(scheduler, { redisUrl: world.redisServer.url, api, intervalMs: 100 });
  };
  const startReplica = () =>
    world.startReplica({
      ...NEVER,
      api: { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, token: world.token },
    });
  afterEach(async () => {
    await relay?.stop();
    await world.reset();
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await world.close();
  });

  /** Tasks that wait: for an agent, for a release, for secrets. */
  const waiting = async (count: number): Promise<Task[]> => {
    world.executors.script = { develop: () => 'silent', deploy: () => 'silent' };
    const tasks: Task[] = [];
    for (let at = 0; at < count; at += 1) {
      const project = await world.scaffoldedProject(at % 3 === 2 ? [{ name: 'A_SECRET' }] : []);
      tasks.push(await world.start(at % 3 === 0 ? 'engineering' : 'deploy', project));
    }
    for (const task of tasks) {
      await waitFor('the wait', async () => {
        const { rows } = await world.pool.query(
          `select 1 from langgraph.waits join langgraph.threads t using (thread_id)
            where t.task_id = $1 and t.state = 'waiting'`,
          [task.id],
        );
        return rows.length > 0;
      });
    }
    await waitFor('events to be recorded', async () => (await world.redis.xlen('task:events')) === 0);
    return tasks;
  };
  const ends = async (task: Task) => (await world.events(task)).filter(({ type }) => type === 'failed').length;

  it('is brought to it by an event, whichever of two replicas it is for; meanwhile they ask the API nothing', async () => {
    await Promise.all([startRelay(), startReplica(), startReplica()]);
    const tasks = await waiting(6);
    // What is looked up by and by, should its message be lost: long after this test.
    await world.pool.query("update langgraph.waits set next_check_at = now() + interval '1 hour' where result is null");
    asked.splice(0);
    await sleep(1500);
    expect(asked).toEqual([]);

    const startedMs = performance.now();
    await Promise.all(tasks.map(({ id }) => world.api.tasks.cancel(id)));
    for (const task of tasks) expect(await world.ended(task)).toMatchObject({ status: 'cancelled' });
    console.info(`${kind}: ${tasks.length} cancelled in ${Math.round(performance.now() - startedMs)} ms`);
  });

  it('is brought to it as a secret is that it waits for', async () => {
    await Promise.all([startRelay(), startReplica(), startReplica()]);
    const [first, second, task] = (await waiting(3)) as [Task, Task, Task];
    await world.pool.query("update langgraph.waits set next_check_at = now() + interval '1 hour' where result is null");
    world.executors.script = {};
    await world.api.secrets.put(task.project_id, 'A_SECRET', 'nacl');
    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
    await Promise.all([first, second].map(({ id }) => world.api.tasks.cancel(id)));
    await Promise.all([first, second].map((one) => world.ended(one)));
  });

  it('does no harm when it comes again, nor when its task has ended', async () => {
    await Promise.all([startRelay(), startReplica(), startReplica()]);
    const [task] = (await waiting(1)) as [Task];
    const { message } = await messageOf(task);
    await world.api.tasks.cancel(task.id);
    for (let times = 0; times < 3; times += 1) await world.publish({ task, message });
    expect(await world.ended(task)).toMatchObject({ status: 'cancelled' });
    for (let times = 0; times < 3; times += 1) await world.publish({ task, message });
    await waitFor('the messages to be taken', async () => (await world.redis.xlen('engineering:queue')) === 0);
    await world.settled();

    expect(await ends(task)).toBe(1);
    await expect(world.api.tasks.cancel(task.id)).resolves.toMatchObject({ status: 'cancelled' });
    world.executors.script = {};
    const done = await world.ended(await world.start('deploy', await world.scaffoldedProject()));
    await expect(world.api.tasks.cancel(done.id)).rejects.toMatchObject({ code: 'TASK_ENDED' });
    expect((await world.api.outbox({ limit: 500 })).map(({ task_id }) => task_id)).not.toContain(done.id);
  });

  it('is brought to it like the end that an administrator makes', async () => {
    await Promise.all([startRelay(), startReplica()]);
    const [task] = (await waiting(1)) as [Task];
    const { workerId = '' } = await world.seen('develop', task);
    await world.api.tasks.fail(task.id, { reason: 'the machine is gone' });
    await waitFor('the worker to go', () => !world.executors.workers.has(workerId));
    await world.settled();
    expect(await ends(task)).toBe(1);
  });

  it('ends a wait, too, that its flow begins a moment later: nothing is sent for that any more', async () => {
    const threads = new Threads(world.pool);
    const waits = new Waits(world.pool);
    await startReplica();
    await world.reset();
    const origin = { task_id: 't', project_id: 'p', user_id: 0, correlation_id: 'c', callback_stream: null, epoch: 1 };
    await threads.ensure('deploy', { request_id: 'later', ...origin });
    await threads.take('later', 'driver', 60_000);
    await waits.cancel(['later']);
    const wait = { step: 'x', messages: [{ queue: 'q', params: {}, message: {} }], silence: '', deadlineMs: 60_000 };

    expect(await waits.write('later', 'driver', { ...wait, requestId: 'at once', cancelAfterMs: 0 }, 1000)).toEqual({
      unsent: false,
    });
    expect(await waits.resultFor('later', 'at once')).toEqual({ kind: 'cancelled' });
    expect(await waits.write('later', 'driver', { ...wait, requestId: 'soon', cancelAfterMs: 300 }, 1000)).toEqual({
      unsent: true,
    });
    expect(await waits.resultFor('later', 'soon')).toBeUndefined();
    await waitFor('its end', () => waits.expire('soon'));
    expect(await waits.resultFor('later', 'soon')).toEqual({ kind: 'cancelled' });
    await threads.finish('later', 'driver');
  });

  const messageOf = async ({ id, project_id, request_id, correlation_id }: Task) => ({
    message: {
      ...{ version: '1' as const, task_id: id, project_id, request_id, correlation_id, callback_stream: null },
      ...{ user_id: 0, timestamp: new Date().toISOString() },
    },
  });
});
