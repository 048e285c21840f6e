import { engineeringMessage } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

const MIB = 1024 * 1024;

onBothDatabases('tasks', (api, database) => {
  test('a new engineering task comes with the message that starts it', async () => {
    const user = await api.user({}, { telegram_id: 5_123_456_789 });
    const { id: project } = await user.createProject();
    const callback_stream = `task_progress:${(await user.ok('GET', '/whoami')).user.id}`;
    const input = { project, type: 'engineering', spec: 'Größe: 5 ☃', correlation_id: 'c-1', callback_stream };
    const { status, body } = await user.call('POST', '/tasks', input);
    expect(status).toBe(201);
    expect(body.stream).toBe('engineering:queue');
    expect(body.task).toMatchObject({ project_id: project, status: 'queued', epoch: 0, attempt: 1 });
    expect(body.task).not.toHaveProperty('spec');
    expect(engineeringMessage.parse(body.message)).toEqual(body.message);
    expect(body.message).toMatchObject({
      ...{ task_id: body.task.id, project_id: project, user_id: 5_123_456_789, request_id: body.task.request_id },
      ...{ correlation_id: 'c-1', callback_stream, version: '1' },
    });
    expect((await user.ok('GET', `/tasks/${body.task.id}`)).spec).toBe('Größe: 5 ☃');
  });

  test('a dry run checks everything and stores nothing', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const dry = { project, type: 'engineering', spec: 'x', dry_run: true };
    expect((await user.call('POST', '/tasks', dry)).status).toBe(200);
    expect((await user.ok('GET', '/tasks')).items).toEqual([]);
    expect(await user.refused('POST', '/tasks', { ...dry, spec: ' ' })).toBe('400 SPEC_EMPTY');
  });

  test('a spec of 1 MiB is taken to the letter, one byte more is refused', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const exact = `${'zażółć\n'.repeat(90_000)}`.padEnd(MIB, 'x');
    const spec = exact.slice(0, exact.length - (Buffer.byteLength(exact) - MIB));
    expect(Buffer.byteLength(spec)).toBe(MIB);
    const { task } = await user.startEngineering(project, spec);
    expect((await user.ok('GET', `/tasks/${task.id}`)).spec === spec).toBe(true);
    const tooLong = { project, type: 'engineering', spec: `${spec}x` };
    expect(await user.refused('POST', '/tasks', tooLong)).toBe('413 SPEC_TOO_LARGE');
  });

  test('a request of 2.6 MiB is refused as a spec that is too large', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const huge = { project, type: 'engineering', spec: 'x'.repeat(2.6 * MIB) };
    for (let i = 0; i < 5; i += 1) expect(await user.refused('POST', '/tasks', huge)).toBe('413 SPEC_TOO_LARGE');
    const secret = { value: 'x'.repeat(2.6 * MIB) };
    expect(await user.refused('PUT', `/projects/${project}/secrets/BIG`, secret)).toBe('413 VALIDATION_FAILED');
  });

  test('a spec that is empty or cannot be stored is refused', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const start = (spec?: string | null) => user.refused('POST', '/tasks', { project, type: 'engineering', spec });
    expect(await start()).toBe('400 SPEC_EMPTY');
    expect(await start(null)).toBe('400 SPEC_EMPTY');
    expect(await start(' \n\t')).toBe('400 SPEC_EMPTY');
    expect(await start('a\u0000b')).toBe('400 VALIDATION_FAILED');
    expect(await start('half \ud83d')).toBe('400 VALIDATION_FAILED');
  });

  test('progress goes to a stream of the caller’s own, and to no other: what is named there would be trimmed', async () => {
    const [user, other] = [await api.user(), await api.user()];
    const { id: project } = await user.createProject();
    const [mine, theirs] = [(await user.ok('GET', '/whoami')).user.id, (await other.ok('GET', '/whoami')).user.id];
    const start = (callback_stream: string) =>
      user.call('POST', '/tasks', { project, type: 'engineering', spec: 'x', callback_stream, dry_run: true });
    const ours = ['engineering:queue', 'deploy:queue:dlq', 'worker:commands', 'task:events', '{a}:delayed', ''];
    const foreign = [
      'my-bot:progress',
      'task_progress:abc',
      `task_progress:${theirs}`,
      `task_progress:${theirs}:${mine}`,
    ];
    const odd = [mine, `${mine}:x`, `task_progress:${mine}:`, `task_progress:${mine}:a:b`, `task_progress:${mine}\n`];
    for (const stream of [...ours, ...foreign, ...odd]) {
      expect([stream, (await start(stream)).body.code]).toEqual([stream, 'VALIDATION_FAILED']);
    }
    for (const own of [`task_progress:${mine}`, `task_progress:${mine}:my-bot`]) {
      expect((await start(own)).status).toBe(200);
    }
  });

  test('deploying needs code on main, and no spec', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id: project } = await user.createProject();
    expect(await user.refused('POST', '/tasks', { project, type: 'deploy' })).toBe('409 NOTHING_TO_DEPLOY');
    await service.ok('PATCH', `/projects/${project}/report`, { main_sha: 'abc' });
    expect(await user.refused('POST', '/tasks', { project, type: 'deploy', spec: 'x' })).toBe('400 VALIDATION_FAILED');
    const created = await user.ok('POST', '/tasks', { project, type: 'deploy' });
    expect(created).toMatchObject({ stream: 'deploy:queue', message: { task_id: created.task.id } });
  });

  test('an archived project takes no task, by id or by name', async () => {
    const user = await api.user();
    const { id, name } = await user.createProject();
    await user.ok('POST', `/projects/${id}/archive`);
    for (const project of [id, name]) {
      expect(await user.refused('POST', '/tasks', { project, type: 'engineering', spec: 'x' })).toBe(
        '409 PROJECT_ARCHIVED',
      );
    }
  });

  test('tasks are listed newest first, filtered and paged, without their specs', async () => {
    const [user, other] = [await api.user(), await api.user()];
    const { id: project, name } = await user.createProject();
    const ids = [];
    for (let i = 0; i < 5; i += 1) ids.push((await user.startEngineering(project)).task.id);
    await user.startEngineering((await user.createProject()).id);
    const first = await user.ok('GET', `/tasks?project=${name}&limit=3`);
    const second = await user.ok('GET', `/tasks?project=${name}&limit=3&cursor=${first.next_cursor}`);
    const listed = [...first.items, ...second.items];
    expect(listed.map((one) => one.id).sort()).toEqual(ids.sort());
    expect(second.next_cursor).toBeNull();
    expect(listed.every((one) => !('spec' in one))).toBe(true);
    expect((await user.ok('GET', '/tasks?status=running')).items).toEqual([]);
    expect((await user.ok('GET', '/tasks?type=engineering&limit=500')).items).toHaveLength(6);
    expect((await other.ok('GET', '/tasks')).items).toEqual([]);
    for (const path of ['', '/events', '/attempts']) {
      expect(await other.refused('GET', `/tasks/${ids[0]}${path}`)).toBe('404 TASK_NOT_FOUND');
    }
    for (const action of ['cancel', 'retry']) {
      expect(await other.refused('POST', `/tasks/${ids[0]}/${action}`)).toBe('404 TASK_NOT_FOUND');
    }
    expect(await other.refused('POST', `/tasks/${ids[0]}/published`, { request_id: 'x' })).toBe('404 TASK_NOT_FOUND');
  });

  test('tasks are found by the call that they came of, each person only their own', async () => {
    const [user, other] = [await api.user(), await api.user()];
    const correlation_id = 'a call: ?&#% of mine';
    const start = async (by: typeof user, id: string) => {
      const { id: project } = await by.createProject();
      const { task } = await by.ok('POST', '/tasks', { project, type: 'engineering', spec: 'x', correlation_id: id });
      return task.id as string;
    };
    const mine = [await start(user, correlation_id), await start(user, correlation_id)];
    await start(user, 'another call');
    await start(other, correlation_id);

    const found = await user.ok('GET', `/tasks?${new URLSearchParams({ correlation_id })}`);
    expect(found.items.map((task: { id: string }) => task.id)).toEqual([...mine].reverse());
    expect((await user.ok('GET', '/tasks?correlation_id=nobody')).items).toEqual([]);
    const indexes = await database.sql<{ indexdef: string }>(
      `select indexdef from pg_indexes where indexname = 'tasks_correlation'`,
    );
    expect(indexes[0]?.indexdef).toContain('(correlation_id, id)');
    const explainer = await api.user({ scopes: ['explain'] });
    expect((await explainer.ok('GET', '/tasks?correlation_id=nobody')).items).toEqual([]);
  });

  test('twenty simultaneous claims of one message give one epoch and one attempt', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const claims = await Promise.all(Array.from({ length: 20 }, () => service.claim(created)));
    expect(claims.filter((one) => one.outcome === 'claimed')).toHaveLength(1);
    expect(claims.filter((one) => one.outcome === 'resumed')).toHaveLength(19);
    expect(new Set(claims.map((one) => one.task.epoch))).toEqual(new Set([1]));
    expect((await service.ok('GET', `/tasks/${created.task.id}/attempts`)).items).toHaveLength(1);
    expect(claims[0]?.task.spec).toBe('Make it so.');
  });

  test('of twenty simultaneous claims of different tasks of a project, the oldest one wins', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const tasks = [];
    for (let i = 0; i < 20; i += 1) tasks.push(await user.startEngineering(id));
    const answers = await Promise.all(
      tasks.map(({ task, message }) =>
        service.call('POST', `/tasks/${task.id}/claim`, { request_id: message.request_id }),
      ),
    );
    expect(answers.map((one) => one.body.code ?? one.body.outcome)).toEqual([
      'claimed',
      ...Array.from({ length: 19 }, () => 'PROJECT_BUSY'),
    ]);
    const running = await database.sql(`select id from tasks where project_id = $1 and status = 'running'`, [id]);
    expect(running).toEqual([{ id: tasks[0]?.task.id }]);
  });

  test('tasks of a project run one after the other in order, those of another type beside them', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id: project } = await user.createProject();
    await service.ok('PATCH', `/projects/${project}/report`, { main_sha: 'abc' });
    const [first, second] = [await user.startEngineering(project), await user.startEngineering(project)];
    const deploy = await user.ok('POST', '/tasks', { project, type: 'deploy' });
    const claimSecond = () =>
      service.refused('POST', `/tasks/${second.task.id}/claim`, { request_id: second.message.request_id });
    expect(await claimSecond()).toBe('409 PROJECT_BUSY');
    await service.claim(first);
    expect(await claimSecond()).toBe('409 PROJECT_BUSY');
    expect((await service.claim(deploy)).outcome).toBe('claimed');
    await service.finish(first);
    expect((await service.claim(second)).outcome).toBe('claimed');
  });

  test('the database itself refuses a second running task of a project', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    await service.claim(await user.startEngineering(id));
    const second = await user.startEngineering(id);
    await expect(
      database.sql(`update tasks set status = 'running' where id = $1`, [second.task.id]),
    ).rejects.toMatchObject({ code: '23505', constraint: 'tasks_one_running' });
  });

  test('a claim under another request id, or of an ended task, is refused', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const path = `/tasks/${created.task.id}/claim`;
    expect(await service.refused('POST', path, { request_id: 'other' })).toBe('409 NOT_CLAIMABLE');
    await service.claim(created);
    expect(await service.refused('POST', path, { request_id: 'other' })).toBe('409 NOT_CLAIMABLE');
    await service.finish(created);
    expect(await service.refused('POST', path, { request_id: created.message.request_id })).toBe('409 NOT_CLAIMABLE');
    expect(await service.refused('POST', '/tasks/task_none/claim', { request_id: 'x' })).toBe('404 TASK_NOT_FOUND');
  });

  test('a transition needs the epoch of the task, and the same end twice changes nothing', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const path = `/tasks/${created.task.id}/transition`;
    expect(await service.refused('POST', path, { epoch: 0, status: 'completed' })).toBe('409 STALE_EPOCH');
    await service.claim(created);
    expect(await service.refused('POST', path, { epoch: 0, status: 'failed' })).toBe('409 STALE_EPOCH');
    const waits = { epoch: 1, status: 'running', reason: 'waiting_secret' };
    expect(await service.ok('POST', path, waits)).toMatchObject({
      changed: true,
      task: { status: 'running', reason: 'waiting_secret' },
    });
    expect((await service.ok('POST', path, waits)).changed).toBe(false);
    const parked = { epoch: 1, status: 'running', reason: 'waiting_system', error: 'the disk is full' };
    expect(await service.ok('POST', path, parked)).toMatchObject({
      changed: true,
      task: { status: 'running', reason: 'waiting_system', error: 'the disk is full' },
    });
    expect(await service.ok('POST', path, { epoch: 1, status: 'running' })).toMatchObject({
      task: { status: 'running', reason: null, error: null },
    });
    const end = { epoch: 1, status: 'completed', result: { request_id: 'r', note: 'NUL \u0000 and half \ud83d' } };
    const ended = await service.ok('POST', path, end);
    expect(ended).toMatchObject({ changed: true, task: { status: 'completed', reason: null } });
    expect(ended.task.result).toEqual({ request_id: 'r', note: 'NUL \uFFFD and half \uFFFD' });
    expect(ended.task.finished_at).not.toBeNull();
    expect(await service.ok('POST', path, end)).toEqual({ changed: false, task: ended.task });
    expect(await service.refused('POST', path, { epoch: 1, status: 'failed' })).toBe('409 TASK_ENDED');
    expect(await service.refused('POST', path, { epoch: 2, status: 'completed' })).toBe('409 STALE_EPOCH');
    const [attempt] = (await user.ok('GET', `/tasks/${created.task.id}/attempts`)).items;
    expect(attempt.finished_at).not.toBeNull();
  });

  test('replacing a lost worker raises the epoch once per request, and the old one is refused', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const path = `/tasks/${created.task.id}/attempts`;
    expect(await service.refused('POST', path, { epoch: 0, request_id: 'n1' })).toBe('409 STALE_EPOCH');
    await service.claim(created);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => service.ok('POST', path, { epoch: 1, request_id: 'n1' })),
    );
    expect(new Set(answers.map((one) => one.epoch))).toEqual(new Set([2]));
    expect(await service.refused('POST', path, { epoch: 1, request_id: 'n2' })).toBe('409 STALE_EPOCH');
    expect((await service.ok('POST', path, { epoch: 2, request_id: 'n2' })).epoch).toBe(3);
    expect((await service.ok('POST', path, { epoch: 1, request_id: 'n1' })).epoch).toBe(2);
    const late = { epoch: 1, status: 'completed' };
    expect(await service.refused('POST', `/tasks/${created.task.id}/transition`, late)).toBe('409 STALE_EPOCH');
    // A redelivered message resumes under the epoch that counts.
    expect((await service.claim(created)).task.epoch).toBe(3);
    const { items } = await service.ok('GET', path);
    expect(items.map((one: { epoch: number }) => one.epoch)).toEqual([1, 2, 3]);
    const openers = items.map((one: { opened_by: string }) => one.opened_by);
    expect(openers).toEqual([created.message.request_id, 'n1', 'n2']);
    expect(items.map((one: { finished_at: unknown }) => one.finished_at === null)).toEqual([false, false, true]);
    await service.finish(created, 'failed', 3);
    expect(await service.refused('POST', path, { epoch: 3, request_id: 'n3' })).toBe('409 TASK_ENDED');
  });

  test('what is known of an attempt adds up', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    await service.claim(created);
    const path = `/tasks/${created.task.id}/attempts/1`;
    await service.ok('PUT', path, { worker_id: 'w-1', request_id: 'turn' });
    const report = { exit_code: 0, usage: { input_tokens: 5, cost_usd: 0.25 }, result: { summary: 'ok' } };
    // Naive datetimes of Python peers are UTC.
    await service.ok('PUT', path, { ...report, finished_at: '2026-01-10T12:00:00.123456' });
    const expected = { ...report, worker_id: 'w-1', request_id: 'turn', finished_at: '2026-01-10T12:00:00.123Z' };
    expect((await user.ok('GET', `/tasks/${created.task.id}/attempts`)).items).toMatchObject([expected]);
    expect(await service.refused('PUT', path, { finished_at: 'yesterday' })).toBe('400 VALIDATION_FAILED');
    expect(await service.refused('PUT', `/tasks/${created.task.id}/attempts/9`, {})).toBe('404 NOT_FOUND');
    // What no column holds is refused, and leaves nothing that could not be read afterwards.
    for (const odd of [{ exit_code: 2 ** 40 }, { finished_at: '9999-12-31T23:59:59-14:00' }]) {
      expect(await service.refused('PUT', path, odd)).toBe('400 VALIDATION_FAILED');
    }
    const events = `/tasks/${created.task.id}/events?since=${2 ** 40}`;
    expect(await user.refused('GET', events)).toBe('400 VALIDATION_FAILED');
    expect((await user.ok('GET', `/tasks/${created.task.id}/attempts`)).items).toMatchObject([expected]);
  });

  test('a waiting task that is cancelled ends when its message is claimed, out of turn', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const [first, second] = [await user.startEngineering(id), await user.startEngineering(id)];
    await service.claim(first);
    expect(await user.ok('POST', `/tasks/${second.task.id}/cancel`)).toMatchObject({
      status: 'queued',
      cancel_requested: true,
    });
    expect(await service.claim(second)).toMatchObject({
      outcome: 'cancelled',
      task: { status: 'cancelled', epoch: 0 },
    });
    expect((await user.ok('POST', `/tasks/${second.task.id}/cancel`)).status).toBe('cancelled');
  });

  test('a running task keeps running until its driver ends it; an ended one cannot be cancelled', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    await service.claim(created);
    const asked = await user.ok('POST', `/tasks/${created.task.id}/cancel`);
    expect(asked).toMatchObject({ status: 'running', cancel_requested: true });
    await service.finish(created, 'cancelled');
    const done = await user.startEngineering(created.task.project_id);
    await service.claim(done);
    await service.finish(done);
    expect(await user.refused('POST', `/tasks/${done.task.id}/cancel`)).toBe('409 TASK_ENDED');
  });

  test('a cancelled task in line does not hold up those behind it', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const [first, second] = [await user.startEngineering(id), await user.startEngineering(id)];
    await user.ok('POST', `/tasks/${first.task.id}/cancel`);
    expect((await service.claim(second)).outcome).toBe('claimed');
  });

  test('a retry is the next attempt under a new request id, at the end of the line', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const created = await user.startEngineering(id);
    expect(await user.refused('POST', `/tasks/${created.task.id}/retry`)).toBe('409 CONFLICT');
    await service.claim(created);
    expect(await user.refused('POST', `/tasks/${created.task.id}/retry`)).toBe('409 CONFLICT');
    await service.finish(created, 'failed');
    const other = await user.startEngineering(id);
    const retried = await user.ok('POST', `/tasks/${created.task.id}/retry`);
    expect(retried.task).toMatchObject({ status: 'queued', attempt: 2, epoch: 1, finished_at: null, reason: null });
    expect(retried.message.request_id).not.toBe(created.message.request_id);
    expect(retried.message.correlation_id).toBe(created.message.correlation_id);
    const path = `/tasks/${created.task.id}`;
    // What comes late from the first run, in the same epoch, is refused while the task waits.
    const late = { epoch: 1, status: 'completed' };
    expect(await service.refused('POST', `${path}/transition`, late)).toBe('409 STALE_EPOCH');
    const stale = { request_id: created.message.request_id };
    expect(await service.refused('POST', `${path}/claim`, stale)).toBe('409 NOT_CLAIMABLE');
    const fresh = { request_id: retried.message.request_id };
    expect(await service.refused('POST', `${path}/claim`, fresh)).toBe('409 PROJECT_BUSY');
    await service.claim(other);
    await service.finish(other);
    expect((await service.claim(retried)).task.epoch).toBe(2);
    await service.finish(retried, 'completed', 2);
    expect(await user.refused('POST', `${path}/retry`)).toBe('409 CONFLICT');
  });

  test('an administrator fails what is stuck: its epoch is fenced off, its end is told, the next task starts', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const [running, next] = [await user.startEngineering(id), await user.startEngineering(id)];
    await service.claim(running);
    await service.ok('PATCH', `/projects/${id}/report`, { status: 'developing' });
    const path = `/tasks/${running.task.id}`;
    const watching = user.ok('GET', `${path}/events?wait_ms=20000`);

    const failed = await api.admin.ok('POST', `${path}/fail`, { reason: 'its host is gone' });

    expect(failed).toMatchObject({ status: 'failed', reason: 'failed_by_admin', epoch: 2 });
    expect(failed.error).toMatch(/^ended by .* with the key .*: its host is gone$/);
    expect((await watching).items).toMatchObject([
      { type: 'failed', error_type: 'failed_by_admin', error: failed.error, request_id: running.message.request_id },
    ]);
    for (const epoch of [1, 2]) {
      const late = { epoch, status: 'completed' };
      const code = epoch === 1 ? '409 STALE_EPOCH' : '409 TASK_ENDED';
      expect(await service.refused('POST', `${path}/transition`, late)).toBe(code);
    }
    const other = { epoch: 1, request_id: 'another' };
    expect(await service.refused('POST', `${path}/attempts`, other)).toBe('409 STALE_EPOCH');
    expect((await user.ok('GET', `/projects/${id}`)).status).toBe('failed');
    expect((await service.claim(next)).outcome).toBe('claimed');
    expect(await api.admin.refused('POST', `${path}/fail`, { reason: 'once more' })).toBe('409 TASK_ENDED');
    expect((await user.ok('GET', path)).error).toBe(failed.error);
  });

  test('a task that waits in line is failed too, is not claimed any more, and can be retried', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const created = await user.startEngineering(id);
    await api.admin.ok('POST', `/tasks/${created.task.id}/fail`, { reason: 'not now' });
    const claim = { request_id: created.message.request_id };
    expect(await service.refused('POST', `/tasks/${created.task.id}/claim`, claim)).toBe('409 NOT_CLAIMABLE');
    const retried = await user.ok('POST', `/tasks/${created.task.id}/retry`);
    expect((await service.claim(retried)).task).toMatchObject({ status: 'running', epoch: 2 });
  });

  test('only a key of an administrator fails a task, and only with a reason', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const { id } = await user.createProject();
    const { task } = await user.startEngineering(id);
    for (const one of [user, service]) {
      expect(await one.refused('POST', `/tasks/${task.id}/fail`, { reason: 'x' })).toBe('403 FORBIDDEN');
    }
    expect(await api.admin.refused('POST', `/tasks/${task.id}/fail`, { reason: ' ' })).toBe('400 VALIDATION_FAILED');
    expect((await user.ok('GET', `/tasks/${task.id}`)).status).toBe('queued');
  });
});
