import {
  createdTask,
  pageOf,
  project as projectDto,
  service,
  task as taskDto,
  taskEventPage,
  whoami,
} from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, uniqueName } from '../../services/api/tests/support/test-api.js';
import { type ApiPeer, apiPeers } from '../support/api-peers.js';

const MIB = 1024 * 1024;

describe.each(Object.entries(apiPeers))('%s', (_, start) => {
  let peer: ApiPeer;
  let person: Client;
  beforeAll(async () => {
    peer = await start();
    person = peer.person;
  }, 120_000);
  afterAll(() => peer.stop());

  /** A task of a project of its own. */
  async function newTask() {
    const project = await person.createProject();
    return { project, ...(await person.startEngineering(project.name)) };
  }

  describe('projects', () => {
    it('are made, and found by id and by name', async () => {
      const name = uniqueName();
      const made = await person.call('POST', '/projects', { name, description: 'For rain', modules: ['backend'] });

      expect(made.status).toBe(201);
      expect(projectDto.strict().parse(made.body)).toMatchObject({ name, description: 'For rain', status: 'draft' });
      expect(await person.ok('GET', `/projects/${made.body.id}`)).toEqual(made.body);
      expect(await person.ok('GET', `/projects/${name}`)).toEqual(made.body);
    });

    it('have names of their own, until they are archived', async () => {
      const { name } = await person.createProject();
      expect(await person.refused('POST', '/projects', { name })).toBe('409 NAME_TAKEN');

      expect(await person.ok('POST', `/projects/${name}/archive`)).toMatchObject({ name, status: 'archived' });
      expect((await person.call('POST', '/projects', { name })).status).toBe(201);
    });

    it('of a name that is not there are refused with the nearest', async () => {
      await person.createProject('umbrella-store');
      const { status, body } = await person.call('GET', '/projects/umbrela-store');

      expect([status, body.code, body.choices]).toEqual([404, 'PROJECT_NOT_FOUND', ['umbrella-store']]);
      expect((await person.call('GET', '/projects/zzzzzzzzzzzzzzz')).body.choices).toEqual([]);
    });

    it('are listed newest first, in pages that neither repeat nor skip while the list changes', async () => {
      const ids = [];
      for (let n = 0; n < 5; n += 1) ids.unshift((await person.createProject()).id);
      const first = await person.ok('GET', '/projects?limit=2');
      const late = await person.createProject();
      const second = await person.ok('GET', `/projects?limit=2&cursor=${first.next_cursor}`);
      const rest = await person.ok('GET', `/projects?limit=500&cursor=${second.next_cursor}`);

      const seen = [...first.items, ...second.items, ...rest.items].map(({ id }: { id: string }) => id);
      expect(seen.slice(0, 5)).toEqual(ids);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).not.toContain(late.id);
      expect(rest.next_cursor).toBeNull();
      expect(pageOf(projectDto).parse(first).items).toHaveLength(2);
    });

    it('are not listed from a place that no page has named', async () => {
      expect(await person.refused('GET', '/projects?cursor=garbage')).toBe('400 VALIDATION_FAILED');
    });

    it('are listed by name and by status', async () => {
      const kept = await person.createProject();
      const gone = await person.createProject();
      await person.ok('POST', `/projects/${gone.name}/archive`);
      const named = await person.ok('GET', `/projects?name=${kept.name}`);
      const archived = await person.ok('GET', '/projects?status=archived&limit=500');

      expect(named.items).toEqual([kept]);
      const ids = archived.items.map(({ id }: { id: string }) => id);
      expect(ids).toContain(gone.id);
      expect(ids).not.toContain(kept.id);
    });

    it('are only checked in a dry run', async () => {
      const { name } = await person.createProject();
      const fresh = uniqueName();
      const checked = await person.call('POST', '/projects', { name: fresh, dry_run: true });

      expect([checked.status, checked.body.name]).toEqual([200, fresh]);
      expect(await person.refused('POST', '/projects', { name, dry_run: true })).toBe('409 NAME_TAKEN');
      expect(await person.refused('GET', `/projects/${fresh}`)).toBe('404 PROJECT_NOT_FOUND');
    });
  });

  describe('what does not fit', () => {
    it('is refused field by field', async () => {
      const { status, body } = await person.call('POST', '/projects', { name: 'No Name', modules: 'x' });

      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(['modules', 'name']);
      expect(await person.refused('POST', '/tasks', { type: 'engineering' })).toBe('400 VALIDATION_FAILED');
      expect(await person.refused('POST', '/projects', '{"name":')).toBe('400 VALIDATION_FAILED');
    });

    it.each([
      ['POST', '/projects', { name: 'known', descripton: 'x' }, ['name', 'description', 'modules', 'dry_run']],
      ['PATCH', '/projects/none', { nmae: 'x' }, ['name', 'description']],
      ['PUT', '/projects/none/secrets/KEY', { value: 'x', expires: 1 }, ['value']],
      ['POST', '/tasks/task_0/cancel', { reason: 'x' }, []],
    ] as const)('is refused where nobody knows the field, with those that are known: %s %s', async (...call) => {
      const [method, path, sent, known] = call;
      const { status, body } = await person.call(method, path, sent);
      const field = Object.keys(sent).at(-1);

      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body.errors).toContainEqual({ path: field, message: 'no such field is known' });
      expect(body.choices).toEqual(known);
    });

    it('is refused in the order of a task, and nothing is made', async () => {
      const { name: project } = await person.createProject();
      const order = { project, type: 'engineering', spec: 'x', dryrun: true };
      expect(await person.refused('POST', '/tasks', order)).toBe('400 VALIDATION_FAILED');
      expect((await person.ok('GET', `/tasks?project=${project}`)).items).toEqual([]);
    });

    it.each(['/projects?limit=0', '/projects?limit=501', '/tasks?limit=x', '/tasks?status=lost', '/projects?status=x'])(
      'is refused in a query: %s',
      async (path) => {
        expect(await person.refused('GET', path)).toBe('400 VALIDATION_FAILED');
      },
    );

    it.each(['/projects/a..b', '/tasks/a%2Fb', '/tasks/a%23b', '/projects/%0A'])(
      'is refused as an identifier: %s',
      async (path) => {
        expect(await person.refused('GET', path)).toBe('400 VALIDATION_FAILED');
      },
    );

    it('is no route', async () => {
      expect(await person.refused('GET', '/nothing/here')).toBe('404 NOT_FOUND');
    });
  });

  describe('an idempotency key', () => {
    it('makes the same call once, and its answer is given again', async () => {
      const name = uniqueName();
      const key = crypto.randomUUID();
      const first = await person.call('POST', '/projects', { name }, { key });
      const again = await person.call('POST', '/projects', { name }, { key });

      expect([again.status, again.body]).toEqual([201, first.body]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(first.headers.get('idempotency-replayed')).toBeNull();
    });

    it('joins calls that are under way at once', async () => {
      const { project } = await newTask();
      const key = crypto.randomUUID();
      const body = { project: project.id, type: 'engineering', spec: 'Make it so.' };
      const both = await Promise.all([1, 2, 3].map(() => person.ok('POST', '/tasks', body, { key })));

      expect(new Set(both.map(({ task }) => task.id)).size).toBe(1);
    });

    it('is refused for another body or path, whatever the correlation id', async () => {
      const { project, task } = await newTask();
      const other = await newTask();
      const key = crypto.randomUUID();
      const body = { project: project.id, type: 'engineering', spec: 'One' };
      const { task: made } = await person.ok('POST', '/tasks', { ...body, correlation_id: 'c-1' }, { key });
      const same = await person.ok('POST', '/tasks', { ...body, correlation_id: 'c-2' }, { key });
      await person.ok('POST', `/tasks/${task.id}/cancel`, undefined, { key });

      expect(same.task.id).toBe(made.id);
      expect(await person.refused('POST', '/tasks', { ...body, spec: 'Two' }, { key })).toBe(
        '409 IDEMPOTENCY_MISMATCH',
      );
      expect(await person.refused('POST', `/tasks/${other.task.id}/cancel`, undefined, { key })).toBe(
        '409 IDEMPOTENCY_MISMATCH',
      );
    });

    it('is free again after a call that was refused', async () => {
      const key = crypto.randomUUID();
      const name = uniqueName();
      await person.refused('POST', '/tasks', { project: name, type: 'engineering', spec: 'x' }, { key });
      const project = await person.createProject(name);

      const body = { project: project.name, type: 'engineering', spec: 'x' };
      expect((await person.call('POST', '/tasks', body, { key })).status).toBe(201);
    });

    it('tells of a task as it is now, and that it was started before', async () => {
      const { name: project } = await person.createProject();
      const key = crypto.randomUUID();
      const order = () => person.ok('POST', '/tasks', { project, type: 'engineering', spec: 'x' }, { key });
      const first = await order();
      await peer.end(first.task.id, 'completed');
      const again = createdTask.parse(await order());

      expect([first.replayed, again.replayed]).toEqual([undefined, true]);
      expect(again.task).toMatchObject({ id: first.task.id, status: 'completed' });
    });

    it('does not bring back a start, or a retry, that failed', async () => {
      const { project, task } = await newTask();
      const body = { project: project.id, type: 'engineering', spec: 'x' };
      const keys = { start: crypto.randomUUID(), retry: crypto.randomUUID() };
      const started = await person.ok('POST', '/tasks', body, { key: keys.start });
      await peer.end(task.id, 'failed');
      const retry = () => person.call('POST', `/tasks/${task.id}/retry`, undefined, { key: keys.retry });
      const retried = [await retry(), await retry()];
      await peer.end(started.task.id, 'failed');
      await peer.end(task.id, 'failed');
      const late = [await person.call('POST', '/tasks', body, { key: keys.start }), await retry()];

      expect(retried.map(({ body }) => body.replayed)).toEqual([undefined, true]);
      expect(late.map(({ status, body }) => [status, body.code, body.choices])).toEqual([
        [409, 'TASK_ENDED', [started.task.id]],
        [409, 'TASK_ENDED', [task.id]],
      ]);
    });

    it('gives no secret a second time: it names the key that was made', async () => {
      const key = crypto.randomUUID();
      const first = await person.ok('POST', '/api-keys', { name: 'ci' }, { key });
      const again = await person.call('POST', '/api-keys', { name: 'ci' }, { key });

      expect([again.status, again.body.code, again.body.choices]).toEqual([409, 'SECRET_SHOWN', [first.key.id]]);
    });

    it('has no spaces and a length', async () => {
      for (const key of ['two words', 'x'.repeat(201)]) {
        expect(await person.refused('POST', '/projects', { name: uniqueName() }, { key })).toBe(
          '400 VALIDATION_FAILED',
        );
      }
    });
  });

  describe('tasks', () => {
    it('are made with the message that starts them', async () => {
      const project = await person.createProject();
      const body = { project: project.name, type: 'engineering', spec: ' Lists\r\n', correlation_id: 'c-9' };
      const { status, body: made } = await person.call('POST', '/tasks', body);
      const { task, stream, message } = createdTask.parse(made);

      expect([status, stream]).toEqual([201, 'engineering:queue']);
      expect(task).toMatchObject({
        project_id: project.id,
        status: 'queued',
        attempt: 1,
        epoch: 0,
        cancel_requested: false,
      });
      expect(message).toMatchObject({ task_id: task.id, request_id: task.request_id, correlation_id: 'c-9' });
      expect(await person.ok('GET', `/tasks/${task.id}`)).toMatchObject({ id: task.id, spec: ' Lists\r\n' });
    });

    it('are only checked in a dry run', async () => {
      const project = await person.createProject();
      const body = { project: project.name, type: 'engineering', spec: 'x', dry_run: true };
      const { status, body: made } = await person.call('POST', '/tasks', body);

      expect([status, made.task.status]).toEqual([200, 'queued']);
      expect(await person.refused('GET', `/tasks/${made.task.id}`)).toBe('404 TASK_NOT_FOUND');
    });

    it('take a spec within limits', async () => {
      const { name: project } = await person.createProject();
      const order = (spec: string | undefined) =>
        person.refused('POST', '/tasks', { project, type: 'engineering', spec });

      expect(await order(undefined)).toBe('400 SPEC_EMPTY');
      expect(await order(' \n')).toBe('400 SPEC_EMPTY');
      expect(await order('é'.repeat(MIB / 2 + 1))).toBe('413 SPEC_TOO_LARGE');
      expect(await order('a\0b')).toBe('400 VALIDATION_FAILED');
      const full = { project, type: 'engineering', spec: 'é'.repeat(MIB / 2), dry_run: true };
      expect((await person.call('POST', '/tasks', full)).status).toBe(200);
    });

    it('are refused where there is nothing to do them on', async () => {
      const { name: project } = await person.createProject();
      expect(await person.refused('POST', '/tasks', { project, type: 'deploy', spec: 'x' })).toBe(
        '400 VALIDATION_FAILED',
      );
      expect(await person.refused('POST', '/tasks', { project, type: 'deploy' })).toBe('409 NOTHING_TO_DEPLOY');
      const nobody = { project: 'no-such-one', type: 'engineering', spec: 'x' };
      expect(await person.refused('POST', '/tasks', nobody)).toBe('404 PROJECT_NOT_FOUND');

      const { id } = await person.createProject();
      await person.ok('POST', `/projects/${id}/archive`);
      const late = { project: id, type: 'engineering', spec: 'x' };
      expect(await person.refused('POST', '/tasks', late)).toBe('409 PROJECT_ARCHIVED');
    });

    it('are refused with the one that is to build something, where there is one', async () => {
      const { project, task } = await newTask();
      const deploy = async () => (await person.call('POST', '/tasks', { project: project.id, type: 'deploy' })).body;
      const early = await deploy();
      await peer.end(task.id, 'failed');
      const late = await deploy();

      expect(early).toMatchObject({ code: 'NOTHING_TO_DEPLOY', choices: [task.id] });
      expect(early.detail).toMatch(new RegExp(`no code yet: ${task.id} \\(engineering\\) is queued`));
      expect(late).toMatchObject({ code: 'NOTHING_TO_DEPLOY', choices: [task.id] });
      expect(late.detail).toMatch(new RegExp(`no code yet: ${task.id} \\(engineering\\) failed`));
    });

    it('deploy what main holds, and say where that is not what was asked for', async () => {
      const { project, task } = await newTask();
      await peer.merged(project.id, 'c'.repeat(40));
      const deploy = (more = {}) => person.call('POST', '/tasks', { project: project.id, type: 'deploy', ...more });
      const early = await deploy();
      await peer.end(task.id, 'failed');
      const refused = await deploy({ dry_run: true });
      const anyway = await deploy({ anyway: true });
      await peer.end((await person.startEngineering(project.id)).task.id, 'completed');
      const built = await deploy();
      const { task: last } = await person.startEngineering(project.id);
      await peer.end(last.id, 'failed');
      const old = await deploy();

      expect([refused.status, refused.body.code, refused.body.choices]).toEqual([409, 'NOT_BUILT', [task.id]]);
      expect(refused.body.detail).toContain('or deploy the template with --anyway');
      expect([early, anyway, built, old].map(({ status, body }) => [status, body.commit_sha])).toEqual(
        Array(4).fill([201, 'c'.repeat(40)]),
      );
      expect(early.body.warnings).toEqual([expect.stringMatching(`${task.id} \\(engineering\\) is queued`)]);
      expect(anyway.body.warnings).toEqual([expect.stringMatching(`${task.id}.*failed`)]);
      expect(built.body.warnings).toBeUndefined();
      expect(old.body.warnings).toEqual([expect.stringMatching(`${last.id}.*failed`)]);
    });

    it('are listed by project, type, status and call, newest first and without their specs', async () => {
      const { project, task } = await newTask();
      const body = { project: project.name, type: 'engineering', spec: 'x', correlation_id: `c-${project.name}` };
      const { task: second } = await person.ok('POST', '/tasks', body);
      const ids = async (query: string) => {
        const { items } = pageOf(taskDto).parse(await person.ok('GET', `/tasks?${query}`));
        expect(items.filter(({ spec }) => spec)).toEqual([]);
        return items.map(({ id }) => id);
      };

      expect(await ids(`project=${project.name}`)).toEqual([second.id, task.id]);
      expect(await ids(`project=${project.id}&status=queued&type=engineering`)).toEqual([second.id, task.id]);
      expect(await ids(`project=${project.id}&status=failed`)).toEqual([]);
      expect(await ids(`project=${project.id}&type=deploy`)).toEqual([]);
      expect(await ids(`correlation_id=c-${project.name}`)).toEqual([second.id]);
      expect(await person.refused('GET', '/tasks?project=no-such-one')).toBe('404 PROJECT_NOT_FOUND');
    });

    it('of an id that is not there are refused, whatever is asked of them', async () => {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/events'],
        ['POST', '/cancel'],
        ['POST', '/retry'],
      ] as const) {
        expect(await person.refused(method, `/tasks/task_0${path}`)).toBe('404 TASK_NOT_FOUND');
      }
    });

    it('are cancelled while they have not ended', async () => {
      const { task } = await newTask();
      expect(await person.ok('POST', `/tasks/${task.id}/cancel`)).toMatchObject({
        id: task.id,
        cancel_requested: true,
      });
      expect(await person.ok('POST', `/tasks/${task.id}/cancel`)).toMatchObject({ cancel_requested: true });
      const { items } = await person.ok('GET', `/tasks/${task.id}/events`);
      expect(items).toMatchObject([
        { type: 'progress', current_step: 'cancel', message: expect.stringMatching(/^\S+ asked for its end$/) },
      ]);

      const ended = await newTask();
      await peer.end(ended.task.id, 'completed');
      expect(await person.refused('POST', `/tasks/${ended.task.id}/cancel`)).toBe('409 TASK_ENDED');
    });

    it('are tried again once they have failed', async () => {
      const { task } = await newTask();
      expect(await person.refused('POST', `/tasks/${task.id}/retry`)).toBe('409 CONFLICT');
      await peer.end(task.id, 'failed');
      const retried = createdTask.parse(await person.ok('POST', `/tasks/${task.id}/retry`));

      expect(retried.task).toMatchObject({ id: task.id, status: 'queued', attempt: 2, error: null });
      expect(retried.task.request_id).not.toBe(task.request_id);
      expect(retried.message).toMatchObject({ request_id: retried.task.request_id });
      const { status } = await person.call('POST', `/tasks/${task.id}/published`, {
        request_id: retried.task.request_id,
      });
      expect(status).toBe(204);
    });
  });

  describe('events', () => {
    const messages = ({ items }: { items: { message: string | null }[] }) => items.map(({ message }) => message);

    it('come in order, from where one is', async () => {
      const { task } = await newTask();
      for (const message of ['one', 'two', 'three']) await peer.emit(task.id, { message });
      const all = taskEventPage.parse(await person.ok('GET', `/tasks/${task.id}/events`));
      const some = await person.ok('GET', `/tasks/${task.id}/events?since=1&limit=1`);
      const none = await person.ok('GET', `/tasks/${task.id}/events?since=3`);

      expect([messages(all), all.items.map(({ seq }) => seq), all.last_seq]).toEqual([
        ['one', 'two', 'three'],
        [1, 2, 3],
        3,
      ]);
      expect([messages(some), some.last_seq]).toEqual([['two'], 2]);
      expect([messages(none), none.last_seq]).toEqual([[], 3]);
      expect(all.task.id).toBe(task.id);
    });

    it('are waited for, as long as is asked', async () => {
      const { task } = await newTask();
      const startedMs = performance.now();
      const waiting = person.ok('GET', `/tasks/${task.id}/events?wait_ms=10000`);
      await peer.emit(task.id, { message: 'here' });

      expect(messages(await waiting)).toEqual(['here']);
      expect(performance.now() - startedMs).toBeLessThan(5000);
      const beforeMs = performance.now();
      expect((await person.ok('GET', `/tasks/${task.id}/events?since=1&wait_ms=300`)).items).toEqual([]);
      expect(performance.now() - beforeMs).toBeGreaterThan(250);
      expect(await person.refused('GET', `/tasks/${task.id}/events?wait_ms=30001`)).toBe('400 VALIDATION_FAILED');
    });

    it('end with the task’s end, after which nobody waits', async () => {
      const { task } = await newTask();
      await peer.end(task.id, 'completed');
      const page = await person.ok('GET', `/tasks/${task.id}/events`);
      const startedMs = performance.now();
      const after = await person.ok('GET', `/tasks/${task.id}/events?since=${page.last_seq}&wait_ms=10000`);

      expect(page.items.at(-1)).toMatchObject({ type: 'completed', request_id: task.request_id });
      expect(page.task.status).toBe('completed');
      expect(after.items).toEqual([]);
      expect(performance.now() - startedMs).toBeLessThan(3000);
    });
  });

  describe('a caller', () => {
    it('without a key that is known is not let in', async () => {
      for (const token of [undefined, 'nonsense', `cgk_00000000_${'A'.repeat(43)}`]) {
        const stranger = new Client(person.url, token);
        expect(await stranger.refused('GET', '/projects')).toBe('401 UNAUTHENTICATED');
        expect((await stranger.call('GET', '/projects')).headers.get('www-authenticate')).toBe('Bearer');
        expect((await stranger.call('GET', '/health')).body).toEqual({ status: 'ok' });
      }
    });

    it('makes keys with scopes that are known, each once', async () => {
      const make = (scopes: string[]) => person.call('POST', '/api-keys', { name: 'ci', scopes });

      expect((await make(['project.gett'])).body.code).toBe('VALIDATION_FAILED');
      expect((await make(['project:get', 'project.get', 'task.*'])).body.key.scopes).toEqual(['project.get', 'task.*']);
    });

    it('may do what the key’s scopes say, and nothing else', async () => {
      const { task, project } = await newTask();
      expect((await peer.lister.call('GET', '/projects')).status).toBe(200);
      expect(await peer.lister.refused('GET', `/projects/${project.name}`)).toBe('403 FORBIDDEN');
      expect(await peer.lister.refused('POST', '/projects', { name: 'x' })).toBe('403 FORBIDDEN');
      expect(await peer.lister.refused('POST', `/tasks/${task.id}/cancel`)).toBe('403 FORBIDDEN');
      expect(whoami.parse(await peer.lister.ok('GET', '/whoami')).key.scopes).toEqual([
        'project.list',
        'deploy.status',
      ]);
    });

    it('for deploys sees no engineering task, in a list or by its id', async () => {
      const { project, task } = await newTask();
      await peer.merged(project.id, 'a'.repeat(40));
      const deploy = { project: project.id, type: 'deploy', anyway: true };
      const { id } = (await person.ok('POST', '/tasks', deploy)).task;
      const { items } = await peer.lister.ok('GET', `/tasks?project=${project.id}`);
      expect(items.map((one: { id: string }) => one.id)).toEqual([id]);
      expect((await peer.lister.ok('GET', `/tasks/${id}`)).type).toBe('deploy');
      expect(await peer.lister.refused('GET', `/tasks/${task.id}`)).toBe('404 TASK_NOT_FOUND');
    });

    it('is refused what is for services', async () => {
      const { task } = await newTask();
      const claim = { request_id: task.request_id };
      expect(await person.refused('POST', `/tasks/${task.id}/claim`, claim)).toBe('403 FORBIDDEN');
      expect(await person.refused('POST', '/events', { events: [] })).toBe('403 FORBIDDEN');
    });

    it('is refused what is for administrators', async () => {
      expect(await person.refused('POST', '/users', { name: 'ann' })).toBe('403 FORBIDDEN');
      expect(await person.refused('GET', '/users')).toBe('403 FORBIDDEN');
      for (const way of ['disable', 'enable']) {
        expect(await person.refused('POST', `/users/user_1/${way}`)).toBe('403 FORBIDDEN');
      }
      expect(await person.refused('PUT', '/servers/box', { ip: '10.0.0.7' })).toBe('403 FORBIDDEN');
      expect((await person.call('GET', '/servers')).body).toEqual({ items: [] });
    });

    it('reads which services run, and gives no sign of life for them', async () => {
      const { items } = await person.ok('GET', '/services');
      for (const one of items) expect(service.parse(one)).toEqual(one);
      expect(await person.refused('PUT', '/services/scheduler/a', { version: '1' })).toBe('403 FORBIDDEN');
      expect(await peer.lister.refused('GET', '/services')).toBe('403 FORBIDDEN');
    });

    it('gets the request id back that it sent, also with a refusal', async () => {
      const headers = { 'x-request-id': 'req-7' };
      const { body, headers: given } = await person.call('GET', '/tasks/task_0', undefined, { headers });

      expect([given.get('x-request-id'), body.request_id]).toEqual(['req-7', 'req-7']);
      expect(body).toMatchObject({ type: 'about:blank', status: 404, retryable: false });
      expect(body.detail).not.toBe('');
    });
  });
});
