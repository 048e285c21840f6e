import { scaffolderResults, workerResponseKey } from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { repositoryOf } from '../support/executors.js';
import { databases, World } from '../support/world.js';

describe.each(databases)('engineering on %s', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterEach(() => world.reset());
  afterAll(() => world.close());

  it('takes a draft project through scaffold, develop, test and merge', async () => {
    await world.startReplica();
    const project = await world.newProject();
    const task = await world.start('engineering', project, 'Pages about tea — 茶');

    const done = await world.ended(task);

    const [turn] = world.executors.of('develop', task);
    expect(done).toMatchObject({ status: 'completed', epoch: 1, reason: null, error: null });
    expect(world.executors.of('scaffold', task)[0]?.message).toMatchObject({ task_id: task.id });
    // Nobody but the scaffolder knows how the repository is named, and where it is.
    const { full_name: repo_full_name, clone_url } = repositoryOf(project.id);
    const creates = world.executors.of('create', task).map(({ message }) => message);
    expect(creates).toMatchObject([
      { config: { repo: { repo_full_name, clone_url, ref: 'main', read_only: false } } },
      { config: { repo: { repo_full_name, clone_url, read_only: true } } },
    ]);
    expect(done.result).toMatchObject({
      request_id: task.request_id,
      status: 'success',
      files_changed: ['server.js'],
      branch: `task/${task.id}/1`,
    });
    expect(turn?.prompt).toContain(
      'Spec-Bytes: 23\n----- BEGIN SPEC -----\nPages about tea — 茶\n----- END SPEC -----\n',
    );
    expect(turn?.prompt).not.toContain('Failure-Bytes');
    expect(await world.story(task)).toEqual([
      'started',
      ...['scaffold', 'scaffold', 'develop', 'develop', 'test', 'test', 'merge', 'merge', 'cleanup', 'completed'],
    ]);
    expect(world.executors.workers.size).toBe(0);
    const [attempt] = await world.api.tasks.attempts(task.id);
    expect(attempt).toMatchObject({ epoch: 1, worker_id: turn?.workerId, request_id: turn?.requestId });
    expect(world.complaints).toEqual([]);
  });

  it('asks the scaffolder where the repository is, where that is not recorded', async () => {
    await world.startReplica();
    const project = await world.newProject();
    await world.api.projects.report(project.id, { status: 'built', main_sha: 'a'.repeat(40) });
    const task = await world.start('engineering', project);

    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
    expect(world.executors.of('scaffold', task)).toHaveLength(1);
    expect((await world.api.projects.get(project.id)).repository).toEqual(repositoryOf(project.id));
  });

  it('goes back to develop with the failure, with the same worker, when the tests fail', async () => {
    await world.startReplica();
    world.executors.script = {
      test: (_, times) =>
        times === 1 ? { status: 'failed', reason: 'tests_failed', error: 'expected 茶' } : undefined,
    };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    const turns = world.executors.of('develop', task);
    expect(done).toMatchObject({ status: 'completed', epoch: 1 });
    expect(turns).toHaveLength(2);
    expect(new Set(turns.map((turn) => turn.workerId)).size).toBe(1);
    expect(turns[1]?.prompt).toContain(
      'Failure-Bytes: 12\n----- BEGIN FAILURE -----\nexpected 茶\n----- END FAILURE -----\n',
    );
    expect(world.executors.of('create', task)).toHaveLength(3);
    expect(world.executors.of('scaffold', task)).toHaveLength(0);
    expect(world.executors.of('delete', task)).toHaveLength(3);
    expect(await world.story(task)).toEqual([
      ...['started', 'develop', 'develop', 'test', 'test', 'develop', 'develop', 'test', 'test'],
      ...['merge', 'merge', 'cleanup', 'completed'],
    ]);
  });

  it('fails after three rounds, with the last reason and nothing merged', async () => {
    await world.startReplica();
    world.executors.script = {
      develop: (_, times) =>
        times === 2 ? { status: 'failed', reason: 'no_changes', error: 'nothing to do' } : undefined,
      test: () => ({ status: 'failed', reason: 'tests_failed', error: '1 of 3 tests failed' }),
    };
    const project = await world.scaffoldedProject();
    const task = await world.start('engineering', project);

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'tests_failed', error: '1 of 3 tests failed' });
    expect(world.executors.of('develop', task)).toHaveLength(3);
    expect(world.executors.of('test', task)).toHaveLength(2);
    expect(world.executors.of('merge', task)).toHaveLength(0);
    expect(world.executors.workers.size).toBe(0);
    expect((await world.events(task)).at(-1)).toMatchObject({
      type: 'failed',
      message: 'the tests do not pass',
      error: '1 of 3 tests failed',
      error_type: 'tests_failed',
    });
    expect((await world.api.projects.get(project.id)).status).toBe('failed');
  });

  it('keeps the reason of a round that no later one mended, when the agent then changes nothing', async () => {
    await world.startReplica();
    world.executors.script = {
      develop: (_, times) =>
        times > 1 ? { status: 'failed', reason: 'no_changes', error: 'nothing to do' } : undefined,
      test: () => ({ status: 'failed', reason: 'tests_failed', error: '1 of 3 tests failed' }),
    };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const error = '1 of 3 tests failed\n\nThe agent then changed nothing.';
    expect(await world.ended(task)).toMatchObject({ status: 'failed', reason: 'tests_failed', error });
    expect(world.executors.of('develop', task)).toHaveLength(3);
    expect(world.executors.of('develop', task)[2]?.prompt).toContain(error);
  });

  it('fails with no_changes when the agent changes nothing in every round', async () => {
    await world.startReplica();
    world.executors.script = { develop: () => ({ status: 'failed', reason: 'no_changes', error: 'nothing to do' }) };
    const task = await world.start('engineering', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({ status: 'failed', reason: 'no_changes', error: 'nothing to do' });
    expect(world.executors.of('develop', task)).toHaveLength(3);
    const told = (await world.events(task)).map((event) => event.message);
    expect(told).toContain('round 1: the agent changed nothing');
  });

  it('replaces a lost worker behind a new epoch, only when the old one is gone', async () => {
    await world.startReplica();
    const order: string[] = [];
    world.executors.script = {
      develop: (turn, times) => {
        order.push(`develop ${turn.epoch}`);
        return times === 1 ? { status: 'error', reason: 'worker_lost', error: 'the worker died' } : undefined;
      },
      remove: () => {
        order.push('delete');
        return undefined;
      },
    };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    const turns = world.executors.of('develop', task);
    expect(done).toMatchObject({ status: 'completed', epoch: 2, result: { branch: `task/${task.id}/2` } });
    expect(order.slice(0, 3)).toEqual(['develop 1', 'delete', 'develop 2']);
    expect(turns).toHaveLength(2);
    expect(turns[0]?.workerId).not.toBe(turns[1]?.workerId);
    expect((await world.api.tasks.attempts(task.id)).map((attempt) => attempt.epoch)).toEqual([1, 2]);
    expect((await world.story(task)).filter((word) => word === 'completed' || word === 'failed')).toEqual([
      'completed',
    ]);
  });

  it('lets another tester take the place of a lost one, without a new attempt', async () => {
    await world.startReplica();
    world.executors.script = {
      test: (_, times) => (times === 1 ? { status: 'error', reason: 'spawn_failed', error: 'no room' } : undefined),
    };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'completed', epoch: 1 });
    expect(world.executors.of('develop', task)).toHaveLength(1);
    expect(new Set(world.executors.of('test', task).map((turn) => turn.workerId)).size).toBe(2);
  });

  it('fails when workers are lost again and again', async () => {
    await world.startReplica();
    world.executors.script = { develop: () => ({ status: 'error', reason: 'worker_lost', error: 'died' }) };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'worker_lost', epoch: 4 });
    expect(world.executors.of('develop', task)).toHaveLength(4);
    expect(world.executors.workers.size).toBe(0);
  });

  it.each(['unknown_agent', 'clone_failed'] as const)('fails at once on %s', async (reason) => {
    await world.startReplica();
    world.executors.script = { develop: () => ({ status: 'failed', reason, error: 'cannot work' }) };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason, error: 'cannot work', epoch: 1 });
    expect(world.executors.of('develop', task)).toHaveLength(1);
    expect(world.executors.workers.size).toBe(0);
  });

  it('takes a turn that is never answered for a lost worker, and refuses its late answer', async () => {
    await world.startReplica({ developer: { agent: 'custom', agentConfig: 'demo', turnTimeoutSeconds: 60 } });
    world.executors.script = { develop: (_, times) => (times === 1 ? 'silent' : undefined), test: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const first = await world.seen('develop', task);
    await expect
      .poll(() =>
        world.pool
          .query('select deadline_at - created_at as limit from langgraph.waits where request_id = $1', [
            first.requestId,
          ])
          .then(({ rows }) => rows[0]?.limit),
      )
      .toMatchObject({ minutes: 2 });
    await world.pool.query('update langgraph.waits set deadline_at = now() where request_id = $1', [first.requestId]);

    const second = await world.seen('develop', task, 2);
    await world.executors.answerTurn({
      request_id: first.requestId,
      worker_id: String(first.workerId),
      commit_sha: 'late',
      branch: 'late',
    });
    const test = await world.seen('test', task);
    expect(second.workerId).not.toBe(first.workerId);
    expect((test.message as { epoch: number }).epoch).toBe(2);
    await world.executors.answerTurn({ request_id: test.requestId, worker_id: String(test.workerId) });

    expect(await world.ended(task)).toMatchObject({
      status: 'completed',
      epoch: 2,
      result: { branch: `task/${task.id}/2` },
    });
  });

  it('develops once more on the main of now when main has moved, and on an invalid manifest', async () => {
    await world.startReplica();
    const project = await world.scaffoldedProject();
    const expected: string[] = [];
    let merges = 0;
    world.executors.script = {
      merge: async (message) => {
        merges += 1;
        expected.push(message.expected_main_sha);
        if (merges === 1) {
          await world.api.projects.report(project.id, { main_sha: 'b'.repeat(40) });
          return { status: 'failed', reason: 'main_moved', error: 'main is elsewhere', main_sha: 'b'.repeat(40) };
        }
        return merges === 2
          ? { status: 'failed', reason: 'invalid_manifest', error: 'no test in .project.yml' }
          : undefined;
      },
    };
    const task = await world.start('engineering', project);

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'completed', epoch: 1 });
    expect(expected).toEqual(['a'.repeat(40), 'b'.repeat(40), 'b'.repeat(40)]);
    expect(world.executors.of('develop', task).at(-1)?.prompt).toContain('no test in .project.yml');
  });

  it('fails the task when scaffolding fails', async () => {
    await world.startReplica();
    world.executors.script = { scaffold: () => ({ status: 'failed', error: 'no template' }) };
    const task = await world.start('engineering', await world.newProject());

    expect(await world.ended(task)).toMatchObject({
      status: 'failed',
      reason: 'scaffold_failed',
      error: 'no template',
    });
    expect(await world.story(task)).toEqual(['started', 'scaffold', 'scaffold', 'failed']);
  });

  it('asks for every step once, whether results come early, late or twice', async () => {
    await world.startReplica();
    const { executors } = world;
    executors.script = {
      // Before its dispatch returns, so before the flow stands at its interrupt; and once more.
      develop: async (turn) => {
        const answer = { request_id: turn.request_id, worker_id: 'w-early', commit_sha: 'c'.repeat(40), branch: 'b' };
        await Promise.all([executors.answerTurn(answer), executors.answerTurn(answer)]);
        const stored = 'select 1 from langgraph.waits where request_id = $1 and result is not null';
        await expect.poll(async () => (await world.pool.query(stored, [turn.request_id])).rows).toHaveLength(1);
        await executors.answerTurn({ ...answer, commit_sha: 'd'.repeat(40) });
        return { commit_sha: 'e'.repeat(40) };
      },
      test: (turn) => {
        setTimeout(() => void executors.answerTurn({ request_id: turn.request_id, worker_id: 'w-late' }), 400);
        return 'silent';
      },
    };
    const task = await world.start('engineering', await world.newProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'completed', result: { commit_sha: 'c'.repeat(40) } });
    for (const step of ['scaffold', 'develop', 'test', 'merge'] as const) {
      expect(executors.of(step, { ...task }), step).toHaveLength(1);
    }
  });

  it('runs a task once, however often its message comes', async () => {
    await world.startReplica();
    const created = await world.api.tasks.create({
      project: (await world.newProject()).id,
      type: 'engineering',
      spec: 'Once.',
    });
    for (let copies = 0; copies < 5; copies += 1) await world.publish(created);
    await world.seen('develop', created.task);
    await world.publish(created);

    await world.ended(created.task);
    await world.publish(created);
    await expect.poll(() => world.redis.xlen('engineering:queue')).toBe(0);

    expect(world.executors.of('develop', created.task)).toHaveLength(1);
    expect((await world.story(created.task)).filter((word) => word === 'started')).toHaveLength(1);
    expect(await world.redis.xlen('engineering:queue:dlq')).toBe(0);
  });

  it('acknowledges a message whose task is taken, busy or gone', async () => {
    await world.startReplica();
    world.executors.script = { develop: () => 'silent' };
    const project = await world.scaffoldedProject();
    const first = await world.start('engineering', project);
    const turn = await world.seen('develop', first);
    const waiting = await world.api.tasks.create({ project: project.id, type: 'engineering', spec: 'Later.' });
    await world.publish(waiting);
    await world.publish({
      ...waiting,
      message: { ...waiting.message, task_id: 'task_unknown', request_id: 'unknown' },
    });

    await expect.poll(() => world.redis.xlen('engineering:queue')).toBe(0);
    expect(await world.redis.xlen('engineering:queue:dlq')).toBe(0);
    expect((await world.api.tasks.get(waiting.task.id)).status).toBe('queued');

    await world.executors.answerTurn({
      request_id: turn.requestId,
      worker_id: String(turn.workerId),
      commit_sha: 'f'.repeat(40),
      branch: 'b',
    });
    expect(await world.ended(first)).toMatchObject({ status: 'completed' });
    world.executors.script = {};
    await world.publish(waiting);
    expect(await world.ended(waiting.task)).toMatchObject({ status: 'completed' });
  });

  it('makes the thread of a task that was claimed by a process that died before its first checkpoint', async () => {
    const created = await world.api.tasks.create({
      project: (await world.scaffoldedProject()).id,
      type: 'engineering',
      spec: 'Claimed, then nothing.',
    });
    await world.api.tasks.claim(created.task.id, { request_id: created.task.request_id });
    await world.startReplica();
    await world.publish(created);

    expect(await world.ended(created.task)).toMatchObject({ status: 'completed', epoch: 1 });
  });

  it.each(['scaffold', 'develop', 'test'] as const)(
    'deletes the workers and ends cancelled when cancelled at %s',
    async (step) => {
      await world.startReplica();
      world.executors.script = { [step]: () => 'silent' };
      const task = await world.start('engineering', await world.newProject());
      await world.seen(step, task);
      await world.api.tasks.cancel(task.id);

      const done = await world.ended(task);

      expect(done).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
      expect((await world.events(task)).at(-1)).toMatchObject({ type: 'failed', error_type: 'cancelled' });
      expect(world.executors.workers.size).toBe(0);
      const created = world.executors.of('create', task).length;
      expect(world.executors.of('delete', task)).toHaveLength(created);
      expect(created).toBe({ scaffold: 0, develop: 1, test: 2 }[step]);
    },
  );

  it.each([
    ['completed', undefined],
    ['cancelled', { status: 'failed', reason: 'main_moved', error: 'main is elsewhere' }],
  ] as const)(
    'ends %s by the answer to a merge that was under way at the request to cancel',
    async (status, answer) => {
      await world.startReplica();
      world.executors.script = {
        merge: async (message) => {
          await world.api.tasks.cancel(message.task_id);
          // Longer than a request to cancel takes to be noticed.
          await new Promise((resolve) => setTimeout(resolve, 1500));
          return answer;
        },
      };
      const task = await world.start('engineering', await world.scaffoldedProject());

      expect(await world.ended(task)).toMatchObject({ status, cancel_requested: true });
      expect(world.executors.of('develop', task)).toHaveLength(1);
      expect(world.executors.workers.size).toBe(0);
      const told = (await world.events(task)).map((event) => event.message).join('\n');
      expect(told.includes('the request to cancel came too late')).toBe(status === 'completed');
    },
  );

  it.each(['develop', 'test'] as const)(
    'begins no turn for a request to cancel that comes with the failure of a %s',
    async (step) => {
      await world.startReplica();
      world.executors.script = {
        [step]: async (turn: { task_id?: unknown }) => {
          await world.api.tasks.cancel(String(turn.task_id));
          return { status: 'failed', reason: 'agent_failed', error: 'it broke' };
        },
      };
      const task = await world.start('engineering', await world.scaffoldedProject());

      expect(await world.ended(task)).toMatchObject({ status: 'cancelled' });
      expect(world.executors.of('develop', task)).toHaveLength(1);
      expect(world.executors.workers.size).toBe(0);
    },
  );

  it('merges nothing for a request to cancel that comes with the verdict of the tests', async () => {
    await world.startReplica();
    world.executors.script = {
      test: async (turn) => {
        await world.api.tasks.cancel(String(turn.task_id));
        return undefined;
      },
    };
    const task = await world.start('engineering', await world.scaffoldedProject());

    expect(await world.ended(task)).toMatchObject({ status: 'cancelled' });
    expect(world.executors.of('merge', task)).toHaveLength(0);
    expect(world.executors.workers.size).toBe(0);
  });

  it('says that a task is cancelled that was cancelled before its claim', async () => {
    const created = await world.api.tasks.create({
      project: (await world.scaffoldedProject()).id,
      type: 'engineering',
      spec: 'Never mind.',
    });
    await world.api.tasks.cancel(created.task.id);
    await world.startReplica();
    await world.publish(created);
    await world.publish(created);

    expect(await world.ended(created.task)).toMatchObject({ status: 'cancelled' });
    expect(await world.story(created.task)).toEqual(['cancel', 'failed']);
    expect(world.executors.of('develop', created.task)).toHaveLength(0);
  });

  it('finds an answer under its key when the log of responses was missed', async () => {
    await world.startReplica();
    world.executors.script = { remove: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    for (let times = 1; times <= 2; times += 1) {
      const { requestId } = await world.seen('delete', task, times);
      await world.redis.set(workerResponseKey(requestId), JSON.stringify({ request_id: requestId, success: true }));
    }

    expect(await world.ended(task)).toMatchObject({ status: 'completed' });
  });

  it('sends again, unchanged, what an emptied Redis lost', async () => {
    await world.startReplica();
    world.executors.script = { develop: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const first = await world.seen('develop', task);
    await world.redis.flushall();
    world.executors.script = {};
    world.executors.forget(first.requestId);
    await world.pool.query('update langgraph.waits set next_check_at = now() where result is null');

    expect(await world.ended(task, 30_000)).toMatchObject({ status: 'completed', epoch: 1 });
    const again = world.executors.of('develop', task)[1];
    expect(again?.message).toEqual(first.message);
  });

  it('loses nothing while the API is down for seconds', async () => {
    await world.startReplica();
    const held: { answer?: () => void } = {};
    world.executors.script = {
      develop: () =>
        new Promise((resolve) => {
          held.answer = () => resolve(undefined);
        }),
    };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const late = await world.api.tasks.create({
      project: (await world.scaffoldedProject()).id,
      type: 'engineering',
      spec: 'Late.',
    });
    await world.seen('develop', task);
    await world.stopApi();
    held.answer?.();
    world.executors.script = {};
    await world.publish(late);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await world.startApi();

    expect(await world.ended(task, 30_000)).toMatchObject({ status: 'completed', epoch: 1 });
    expect(await world.ended(late.task, 30_000)).toMatchObject({ status: 'completed', epoch: 1 });
    expect(world.executors.of('develop', task)).toHaveLength(1);
    expect(await world.redis.xlen('engineering:queue:dlq')).toBe(0);
    expect(await world.redis.xlen('task:events:dlq')).toBe(0);
  });

  it('fails a task with internal_error when a step of ours breaks five times in a row', async () => {
    await world.startReplica();
    // Scaffolded, it says, but there is no main: nothing in the flow can go on from there.
    world.executors.script = { scaffold: () => 'silent' };
    const task = await world.start('engineering', await world.newProject());
    const { requestId, message } = await world.seen('scaffold', task);
    await world.pool.query('update langgraph.threads set failures = 3 where task_id = $1', [task.id]);
    await publish(world.redis, scaffolderResults, {
      request_id: requestId,
      project_id: (message as { project_id: string }).project_id,
      status: 'success',
    });

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'internal_error' });
    expect(done.error).toContain('no main branch');
    const { rows } = await world.pool.query('select state from langgraph.threads where task_id = $1', [task.id]);
    expect(rows).toEqual([{ state: 'done' }]);
  });
});
