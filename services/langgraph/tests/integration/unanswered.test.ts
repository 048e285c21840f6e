import { type AnsibleDeployResult, type RepositoryMessage, type Task, workerResponses } from '@codegen/contracts';
import { publish } from '@codegen/sdk/queue';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { migrate } from '../../src/engine/database/migrate.js';
import { Threads } from '../../src/engine/threads.js';
import { World } from '../support/world.js';

/** What the database refuses here, as it does a NUL character in a text that nobody has made storable. */
const REFUSED = 'a text that the database refuses: ☠';

describe('a wait that nothing good comes of', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open('PostgreSQL');
  });
  afterEach(async () => {
    await world.reset();
    await world.pool.query('drop trigger if exists refuse on langgraph.waits');
    await world.pool.query('drop trigger if exists refuse on langgraph.checkpoint_blobs');
  });
  afterAll(() => world.close());

  /** Makes the database refuse a text, as PostgreSQL refuses a NUL character. */
  const refuseIn = async (table: string, what: string) => {
    await world.pool.query(
      `create or replace function langgraph.refuse() returns trigger language plpgsql as $$
       begin
         if ${what} then raise exception 'unsupported Unicode escape sequence' using errcode = '22P05'; end if;
         return new;
       end $$`,
    );
    await world.pool.query(
      `create trigger refuse before insert or update on langgraph.${table} for each row execute function langgraph.refuse()`,
    );
  };
  const refuseAnswers = () => refuseIn('waits', `new.result::text like '%${REFUSED}%'`);
  const deadLetters = (stream: string) => world.redis.xlen(`${stream}:dlq`);
  const deadlinePasses = (requestId: string) =>
    world.pool.query('update langgraph.waits set deadline_at = now() where request_id = $1', [requestId]);

  /** Milliseconds from the request to cancel to the task's end. */
  const cancelled = async (task: Task): Promise<number> => {
    const started = performance.now();
    await world.api.tasks.cancel(task.id);
    expect(await world.ended(task)).toMatchObject({ status: 'cancelled', reason: 'cancelled' });
    return performance.now() - started;
  };

  it('a deploy whose answer cannot be stored fails with that reason, once, and the next one runs', async () => {
    await world.startReplica();
    await refuseAnswers();
    world.executors.script = {
      deploy: () => ({ status: 'failed', reason: 'start_failed', stderr: REFUSED }),
    };
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);
    const next = await world.api.tasks.create({ project: project.id, type: 'deploy' });

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'answer_not_stored' });
    expect(done.error).toContain('unsupported Unicode escape sequence');
    expect(done.error).toContain('reason start_failed');
    expect(await deadLetters('ansible:deploy:results')).toBe(0);
    world.executors.script = {};
    await world.publish(next);
    expect(await world.ended(next.task)).toMatchObject({ status: 'completed' });
    expect((await world.story(task)).filter((word) => word === 'failed')).toHaveLength(1);
    expect(world.executors.of('deploy', task)).toHaveLength(1);
  });

  it('an agent whose answer cannot be stored fails its task at once, and uses up no other attempt', async () => {
    await world.startReplica();
    await refuseAnswers();
    world.executors.script = { develop: () => ({ status: 'failed', reason: 'agent_failed', error: REFUSED }) };
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'answer_not_stored', epoch: 1, attempt: 1 });
    expect(done.error).toContain('reason agent_failed');
    expect(world.executors.of('develop', task)).toHaveLength(1);
    expect(world.executors.workers.size).toBe(0);
    expect(await deadLetters('worker:developer:output')).toBe(0);
  });

  it('an answer that cannot be read ends its wait where it names its request, beside its dead letter', async () => {
    await world.startReplica();
    world.executors.script = { merge: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const { requestId } = await world.seen('merge', task);
    const answer = { request_id: requestId, task_id: task.id, epoch: 1, status: 'success', version: '9' };
    await world.redis.xadd('repository:results', '*', 'data', JSON.stringify(answer));

    expect(await world.ended(task)).toMatchObject({ status: 'failed', reason: 'answer_not_stored' });
    await waitFor('the dead letter', async () => (await deadLetters('repository:results')) === 1);
    await world.redis.del('repository:results:dlq');
  });

  it('an answer under its key that does not fit its contract ends its wait with what is wrong', async () => {
    await world.startReplica();
    world.executors.script = { deploy: () => 'silent' };
    const task = await world.start('deploy', await world.scaffoldedProject());
    const { requestId } = await world.seen('deploy', task);
    const answer = { request_id: requestId, status: 'success', deployed_url: 5, port: {} };
    await world.redis.set(`deploy:result:${requestId}`, JSON.stringify(answer));

    const done = await world.ended(task);
    expect(done).toMatchObject({ status: 'failed', reason: 'answer_not_stored' });
    expect(done.error).toContain('deployed_url');
  });

  it('a checkpoint that the database refuses ends the task as a failure that says so', async () => {
    await world.startReplica();
    await refuseIn('checkpoint_blobs', `new.channel = 'commit' and new.type <> 'empty'`);
    const task = await world.start('engineering', await world.scaffoldedProject());

    const done = await world.ended(task);

    expect(done).toMatchObject({ status: 'failed', reason: 'internal_error' });
    expect(done.error).toContain('unsupported Unicode escape sequence');
    expect(world.executors.of('develop', task)).toHaveLength(1);
  });

  it('one answer that is no JSON, and one wait that cannot be ended, do not stop the sweep for the others', async () => {
    world.executors.script = { deploy: () => 'silent' };
    const tasks: Task[] = [];
    await world.startReplica({ sweepMs: 60_000 });
    for (let count = 0; count < 3; count += 1) {
      const task = await world.start('deploy', await world.scaffoldedProject());
      await world.seen('deploy', task);
      tasks.push(task);
    }
    const [first, bad, last] = tasks.map((task) => world.executors.of('deploy', task)[0]?.requestId ?? '');
    await world.redis.set(`deploy:result:${bad}`, 'not JSON');
    await refuseIn('waits', `new.request_id = '${bad}' and new.result is not null`);
    await world.reset();
    await Promise.all([first, bad, last].map((one) => deadlinePasses(one ?? '')));
    await world.startReplica();

    for (const task of [tasks[0], tasks[2]]) {
      expect(await world.ended(task as Task)).toMatchObject({ status: 'failed', reason: 'timeout' });
    }
    expect((await world.api.tasks.get(tasks[1]?.id ?? '')).status).toBe('running');
    await world.pool.query('drop trigger refuse on langgraph.waits');
    expect(await world.ended(tasks[1] as Task)).toMatchObject({ status: 'failed' });
  });

  /** Tasks that each stand where nobody answers. */
  const standing = async <S extends string>(steps: readonly S[]): Promise<Record<S, Task>> => {
    const silentAt = new Map<string, S>();
    const silent = (step: string) => (message: { task_id?: string | null | undefined }) =>
      silentAt.get(message.task_id ?? '') === step ? ('silent' as const) : undefined;
    const lost = { status: 'failed', reason: 'worker_lost' } as const;
    world.executors.script = {
      scaffold: () => 'silent',
      develop: (turn) => (silentAt.get(turn.task_id ?? '') === 'delete' ? lost : silent('develop')(turn)),
      test: silent('test'),
      merge: silent('merge'),
      deploy: silent('deploy'),
      remove: () => 'silent',
    };
    const tasks = await Promise.all(
      steps.map(async (step) => {
        const needs = step === 'secrets' ? [{ name: 'DB_PASSWORD' }] : [];
        const project = await (step === 'scaffold' ? world.newProject() : world.scaffoldedProject(needs));
        const type = step === 'deploy' || step === 'secrets' ? 'deploy' : 'engineering';
        const spec = type === 'engineering' ? { spec: 'Wait.' } : {};
        const created = await world.api.tasks.create({ project: project.id, type, ...spec });
        silentAt.set(created.task.id, step);
        await world.publish(created);
        return created.task;
      }),
    );
    return Object.fromEntries(steps.map((step, index) => [step, tasks[index]])) as Record<S, Task>;
  };
  /** The request that a task waits for. */
  const waitOf = (task: Task, step: string) =>
    waitFor(`the wait of ${step}`, async () => {
      const { rows } = await world.pool.query(
        `select request_id from langgraph.waits join langgraph.threads using (thread_id)
          where task_id = $1 and step = $2 and (entries is not null or step = 'secrets')`,
        [task.id, step],
      );
      return rows[0]?.request_id as string | undefined;
    });

  it('what is never answered fails at its deadline and says who was silent; a late answer changes nothing', async () => {
    await world.startReplica({ limits: { repositoryMs: 120_000, deployMs: 120_000, secretsMs: 120_000 } });
    const who = { scaffold: 'the scaffolder', merge: 'the scaffolder', deploy: 'infra-service', secrets: 'nobody set' };
    const steps = ['scaffold', 'merge', 'deploy', 'secrets'] as const;
    const tasks = await standing(steps);
    const requestIds = await Promise.all(steps.map((step) => waitOf(tasks[step], step)));
    world.executors.script = { ...world.executors.script, remove: () => undefined };
    await Promise.all(requestIds.map(deadlinePasses));

    for (const step of steps) {
      const done = await world.ended(tasks[step]);
      expect(done, step).toMatchObject({ status: 'failed', reason: 'timeout' });
      expect(done.error).toMatch(new RegExp(`^${who[step]}.* within 2 min$`));
    }
    expect((await world.api.tasks.get(tasks.secrets.id)).error).toContain('DB_PASSWORD');
    const streams = ['scaffolder:results', 'repository:results', 'ansible:deploy:results'];
    for (const [index, stream] of streams.entries()) {
      const { id: task_id, project_id } = tasks[steps[index] ?? 'merge'];
      const late = { request_id: requestIds[index], project_id, task_id, epoch: 1, status: 'success' };
      await world.redis.xadd(stream, '*', 'data', JSON.stringify({ ...late, deployed_url: 'http://127.0.0.1:9' }));
      await waitFor('the late answer to be taken', async () => (await world.redis.xlen(stream)) === 0);
    }
    for (const step of steps) {
      expect(await world.api.tasks.get(tasks[step].id)).toMatchObject({ status: 'failed', reason: 'timeout' });
    }
  });

  it('a request to cancel ends a task within 10 s, whoever does not answer', async () => {
    await world.startReplica({ sweepMs: 1000 });
    const steps = ['scaffold', 'develop', 'test', 'merge', 'delete', 'deploy', 'secrets'] as const;
    const tasks = await standing(steps);
    await Promise.all(steps.map((step) => waitOf(tasks[step], step)));

    const times = await Promise.all(steps.map((step) => cancelled(tasks[step])));
    for (const [index, ms] of times.entries()) expect(ms, steps[index]).toBeLessThan(10_000);
  });

  it('a retry begins only when the worker of a cancelled attempt is proven gone', async () => {
    await world.startReplica({ resendAfterMs: 200 });
    const order: string[] = [];
    let deaf = true;
    world.executors.script = {
      develop: (_, times) => {
        order.push('develop');
        return times === 1 ? 'silent' : undefined;
      },
      remove: () => {
        if (deaf) return 'silent';
        order.push('deleted');
        return undefined;
      },
    };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const { workerId } = await world.seen('develop', task);
    await cancelled(task);
    await world.publish(await world.api.tasks.retry(task.id));
    await waitFor('the deletion to be asked for again', () => {
      const asked = world.executors.seen.filter((one) => one.step === 'delete' && one.workerId === workerId);
      return new Set(asked.map((one) => one.requestId)).size === 2;
    });
    expect(order).toEqual(['develop']);
    deaf = false;

    await waitFor('the end', async () => (await world.api.tasks.get(task.id)).status === 'completed');
    expect(order.slice(0, 3)).toEqual(['develop', 'deleted', 'develop']);
  });

  it('a retry whose former worker cannot be deleted fails and says so', async () => {
    await world.startReplica();
    world.executors.script = { develop: () => 'silent', remove: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    await world.seen('develop', task);
    await cancelled(task);
    const before = world.executors.of('delete', task).length;
    await world.publish(await world.api.tasks.retry(task.id));
    const { requestId } = await world.seen('delete', task, before + 1);
    await deadlinePasses(requestId);

    await waitFor('the end', async () => (await world.api.tasks.get(task.id)).status === 'failed', {
      timeoutMs: 20_000,
    });
    const done = await world.api.tasks.get(task.id);
    expect(done).toMatchObject({ reason: 'worker_not_deleted' });
    expect(done.error).toContain('did not say that');
    expect(world.executors.of('develop', task)).toHaveLength(1);
  });

  it('a request to cancel ends a task within 10 s though Redis takes nothing', async () => {
    await world.startReplica({ sweepMs: 1000, endsEveryMs: 60_000 });
    world.executors.script = { develop: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const { workerId = '' } = await world.seen('develop', task);
    const started = performance.now();
    await world.redis.call('CLIENT', 'PAUSE', '12000', 'WRITE');
    await world.api.tasks.cancel(task.id);

    await waitFor('the end', async () => (await world.api.tasks.get(task.id)).status === 'cancelled', {
      timeoutMs: 15_000,
    });
    expect(performance.now() - started).toBeLessThan(10_000);
    await world.redis.call('CLIENT', 'UNPAUSE');
    await waitFor('the worker to go', () => !world.executors.workers.has(workerId), { timeoutMs: 30_000 });
  });

  it('a request to cancel ends a flow within 10 s that has asked nobody yet, since Redis takes nothing', async () => {
    await migrate(world.pool);
    const tasks: Task[] = [];
    for (const type of ['engineering', 'deploy'] as const) {
      const project = await world.scaffoldedProject();
      const spec = type === 'engineering' ? { spec: 'Wait.' } : {};
      const { task, message } = await world.api.tasks.create({ project: project.id, type, ...spec });
      const { request_id, task_id, project_id, user_id, correlation_id, callback_stream } = message;
      const { epoch } = (await world.api.tasks.claim(task_id, { request_id })).task;
      const input = { request_id, task_id, project_id, user_id, correlation_id, callback_stream, epoch };
      await new Threads(world.pool).ensure(type, input);
      tasks.push(task);
    }
    // As between two tries, once Redis has been away for long.
    await world.pool.query("update langgraph.threads set next_try_at = now() + interval '30 seconds'");
    await world.redis.call('CLIENT', 'PAUSE', '20000', 'WRITE');
    await world.startReplica({ sweepMs: 1000, endsEveryMs: 60_000 });
    const started = performance.now();
    await Promise.all(tasks.map((task) => world.api.tasks.cancel(task.id)));

    for (const { id } of tasks) {
      const ended = async () => (await world.api.tasks.get(id)).status === 'cancelled';
      await waitFor('the end', ended, { timeoutMs: 15_000 });
    }
    expect(performance.now() - started).toBeLessThan(10_000);
    await world.redis.call('CLIENT', 'UNPAUSE');
  });

  it('the time of a turn begins when its worker has started, not while it waits for a place', async () => {
    await world.startReplica({ limits: { workerMs: 7_200_000 } });
    world.executors.script = { create: () => 'silent', develop: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const { requestId } = await world.seen('develop', task);
    const left = async () => {
      const { rows } = await world.pool.query(
        'select extract(epoch from deadline_at - now())::float as seconds from langgraph.waits where request_id = $1',
        [requestId],
      );
      return rows[0].seconds as number;
    };
    expect(await left()).toBeGreaterThan(7000);
    const { requestId: request_id } = await world.seen('create', task);
    await publish(world.redis, workerResponses, { request_id, success: true });
    await waitFor('the time of the turn', async () => (await left()) <= 120);
    expect(await left()).toBeGreaterThan(100);
    await cancelled(task);
  });

  it('a worker that finds no place in time fails its task with that reason, and uses up no attempt', async () => {
    await world.startReplica({ limits: { workerMs: 7_200_000 } });
    world.executors.script = { create: () => 'silent', develop: () => 'silent' };
    const task = await world.start('engineering', await world.scaffoldedProject());
    const { requestId, workerId = '' } = await world.seen('develop', task);
    await deadlinePasses(requestId);

    const done = await world.ended(task);
    expect(done).toMatchObject({ status: 'failed', reason: 'no_worker', attempt: 1 });
    expect(done.error).toMatch(/^the worker-manager did not start .* within 2 h$/);
    expect(world.executors.of('create', task)).toHaveLength(1);
    expect(world.executors.workers.has(workerId)).toBe(false);
  });

  it('what an administrator has failed is cut off: its flow ends, its worker goes, its late answer counts for nothing', async () => {
    await world.startReplica();
    const merged = vi.fn<(message: RepositoryMessage) => undefined>();
    world.executors.script = { develop: () => 'silent', merge: merged };
    const project = await world.scaffoldedProject();
    const task = await world.start('engineering', project);
    const { requestId, workerId = '' } = await world.seen('develop', task);

    const failed = await world.api.tasks.fail(task.id, { reason: 'the machine is gone' });

    expect(failed).toMatchObject({ status: 'failed', reason: 'failed_by_admin', epoch: 2 });
    await waitFor('the worker to go', () => !world.executors.workers.has(workerId));
    await world.settled();
    const answer = { request_id: requestId, worker_id: workerId, commit_sha: 'c'.repeat(40), branch: 'b' };
    await world.executors.answerTurn(answer);
    await waitFor('the answer to be taken', async () => (await world.redis.xlen('worker:developer:output')) === 0);
    await world.settled();
    expect(merged).not.toHaveBeenCalled();
    const ends = (await world.events(task)).filter((event) => event.type === 'failed');
    expect(ends).toMatchObject([{ error_type: 'failed_by_admin', error: expect.stringContaining('machine is gone') }]);
    expect((await world.api.projects.get(project.id)).status).toBe('failed');
    world.executors.script = {};
    expect(await world.ended(await world.start('engineering', project))).toMatchObject({ status: 'completed' });
  });

  it('a release that is answered after its deploy was cancelled changes nothing of what is recorded', async () => {
    await world.startReplica();
    let answer: (said: Partial<AnsibleDeployResult> | undefined) => void = () => undefined;
    const said = new Promise<Partial<AnsibleDeployResult> | undefined>((resolve) => {
      answer = resolve;
    });
    world.executors.script = { deploy: (_, times) => (times === 1 ? said : undefined) };
    const project = await world.scaffoldedProject();
    const task = await world.start('deploy', project);
    await world.seen('deploy', task);
    await cancelled(task);
    answer(undefined);
    await waitFor('the late answer to be taken', async () => (await world.redis.xlen('ansible:deploy:results')) === 0);
    await world.settled();

    expect((await world.api.tasks.get(task.id)).status).toBe('cancelled');
    expect((await world.api.deployments.page({ project: project.id })).items).toEqual([]);
    expect(await world.ended(await world.start('deploy', project))).toMatchObject({ status: 'completed' });
  });
});
