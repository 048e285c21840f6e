import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiKey, type CreatedApiKey, holdsScope, isKnownScope, knownScopes, roleScopes } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { type Access, access } from '../../src/access.js';
import { onBothDatabases } from '../support/both-databases.js';
import { Client, masterKey, startTestApi } from '../support/test-api.js';

const routes = Object.entries(access).map(([route, needed]) => {
  const [method = '', path = ''] = route.split(' ');
  return { route, method, path: path.replace('{epoch}', '1').replace(/\{\w+\}/g, 'x1'), needed };
});
const closed = routes.filter((one): one is typeof one & { needed: Access } => one.needed !== 'public');

onBothDatabases('access', (api, database) => {
  test('every route but two wants a key, and says so', async () => {
    const nobody = new Client(api.url, undefined);
    for (const { method, path } of closed) {
      const answer = await nobody.call(method, path);
      expect([path, answer.status, answer.body.code]).toEqual([path, 401, 'UNAUTHENTICATED']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    const open = routes.filter((one) => one.needed === 'public').map((one) => one.route);
    expect(open).toEqual(['GET /health', 'GET /openapi.json']);
    for (const path of ['/health', '/openapi.json']) expect((await nobody.call('GET', path)).status).toBe(200);
  });

  test('what is no key is told so in words about keys', async () => {
    for (const token of ['abc', 'cgk_', 'cgk_0123456z_x', `cgk_01234567_${'x'.repeat(42)}`]) {
      const { status, body } = await new Client(api.url, token).call('GET', '/whoami');
      expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(body.detail).toMatch(/^this is not an API key: keys look like cgk_/);
      expect(body.detail).not.toContain('Bearer');
    }
  });

  test('the access table is the list of routes', async () => {
    const document = await api.admin.ok('GET', '/openapi.json');
    const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(document.openapi).toMatch(/^3\.1\./);
    expect([...described, 'GET /openapi.json'].sort()).toEqual(routes.map((one) => one.route).sort());
  });

  test('a wrong, mistyped or revoked key opens nothing', async () => {
    const user = await api.user();
    const wrong = (token: string) => new Client(api.url, token).refused('GET', '/whoami');
    const token = user.token as string;
    const last = token.endsWith('A') ? 'B' : 'A';
    expect(await wrong(token.slice(0, -1) + last)).toBe('401 UNAUTHENTICATED');
    expect(await wrong(`cgk_${randomBytes(4).toString('hex')}_${'A'.repeat(43)}`)).toBe('401 UNAUTHENTICATED');
    expect(await wrong('nonsense')).toBe('401 UNAUTHENTICATED');
    expect(await wrong('x'.repeat(5000))).toBe('401 UNAUTHENTICATED');
    const { key } = await user.ok('GET', '/whoami');
    expect((await user.ok('DELETE', `/api-keys/${key.id}`)).revoked_at).not.toBeNull();
    expect(await user.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
  });

  test("a key expires by the database's clock", async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const user = await api.user({ expires_at: soon });
    const { key } = await user.ok('GET', '/whoami');
    expect(key.expires_at).toBe(soon);
    await database.sql(`update api_keys set expires_at = now() - interval '1 millisecond' where id = $1`, [key.id]);
    expect(await user.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
    for (const expires_at of ['soon', '9999-12-31T23:59:59-01:00', '2000-01-01T00:00:00Z', new Date().toISOString()]) {
      expect(await api.admin.refused('POST', '/api-keys', { name: 'x', expires_at })).toBe('400 VALIDATION_FAILED');
    }
  });

  test('every route with scopes refuses a key that has none of them', async () => {
    const [user, service] = [await api.user({ scopes: ['respond'] }), await api.service(['respond'])];
    for (const { method, path, needed } of closed) {
      if (needed.scopes.length === 0) continue;
      const answer = await user.call(method, path, needed.roles || method === 'GET' ? undefined : {});
      expect([path, answer.status, answer.body.code]).toEqual([path, 403, 'FORBIDDEN']);
      const asService = await service.call(method, path, method === 'GET' ? undefined : {});
      const expected = needed.openToServices ? asService.status : 403;
      expect([method, path, asService.status]).toEqual([method, path, expected]);
      if (needed.openToServices) expect(asService.status).not.toBe(403);
    }
  });

  test('every route for services or admins refuses a user who holds every scope', async () => {
    const user = await api.user({ scopes: ['*'] });
    const guarded = closed.filter((one) => one.needed.roles);
    expect(guarded.length).toBeGreaterThan(10);
    for (const { method, path } of guarded) {
      const answer = await user.call(method, path, method === 'GET' ? undefined : {});
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  test('one of the listed scopes, its topic or * lets a key in', async () => {
    for (const scope of ['project.list', 'project.*', '*', 'diagnose.projects']) {
      expect((await (await api.user({ scopes: [scope] })).call('GET', '/projects')).status).toBe(200);
    }
  });

  test('a key that an earlier release gave scopes of no meaning goes on with what it has, and no more', async () => {
    const user = await api.user();
    const { key } = await user.ok('GET', '/whoami');
    for (const scope of ['project.lis', 'project', 'proj.*', 'project.list.more']) {
      const scopes = JSON.stringify([scope, 'auth.key.list']);
      await database.sql('update api_keys set scopes = $1 where id = $2', [scopes, key.id]);
      expect((await user.call('GET', '/projects')).status).toBe(403);
      expect((await user.ok('GET', '/api-keys')).items[0].scopes).toEqual([scope, 'auth.key.list']);
    }
  });

  test('a key has at most 100 scopes, all of them known: others are refused with what was meant', async () => {
    const user = await api.user();
    const make = (scopes: string[]) => user.call('POST', '/api-keys', { name: 'k', scopes });
    for (const [scope, meant] of [
      ['project.lst', 'project.list'],
      ['projects.*', 'project.*'],
      ['task.claims', 'task.claim'],
      ['engineering', 'engineering.*'],
    ] as const) {
      const { status, body } = await make(['project.get', scope]);
      expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body.choices, scope).toContain(meant);
      expect(body.detail).toContain(scope);
    }
    const many = await make(Array.from({ length: 150_000 }, (_, i) => `s${i}`));
    expect([many.status, many.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(JSON.stringify(many.body).length).toBeLessThan(5000);
    expect((await make(['x'.repeat(500)])).status).toBe(400);
    expect(
      (await make([...knownScopes, ...knownScopes.map((one) => `${one}.*`).filter((one) => isKnownScope(one))])).body
        .detail,
    ).toContain('at most 100');
    const doubled = await make(Array.from({ length: 300 }, (_, i) => (i % 2 ? 'project.get' : 'project:get')));
    expect([doubled.status, doubled.body.key?.scopes]).toEqual([201, ['project.get']]);
    expect(await user.refused('POST', '/api-keys', { name: 'n'.repeat(101) })).toBe('400 VALIDATION_FAILED');
    expect(await user.refused('POST', '/api-keys', { name: ' ' })).toBe('400 VALIDATION_FAILED');
  });

  test.each(Object.entries(roleScopes))(
    "an agent's key with the scopes of %s reaches the routes that they cover, and no other",
    async (role, scopes) => {
      const agent = await api.user({ role: 'worker', scopes: [role] });
      const { key } = await agent.ok('GET', '/whoami');
      expect(key.scopes).toEqual(scopes);
      for (const { route, method, path, needed } of closed) {
        const covered =
          !needed.roles && (needed.scopes.length === 0 || needed.scopes.some((one) => holdsScope(scopes, one)));
        const answer = await agent.call(method, path, method === 'GET' ? undefined : {});
        expect([route, answer.status === 403]).toEqual([route, !covered]);
      }
      for (const wanted of [['*'], scopes, ['auth.status']]) {
        expect(await agent.refused('POST', '/api-keys', { name: 'x', role: 'worker', scopes: wanted })).toBe(
          '403 FORBIDDEN',
        );
      }
    },
  );

  test.each(Object.entries(roleScopes))('%s holds nothing that is for administrators and services', (_, scopes) => {
    const naming = (scope: string) =>
      Object.values(access).filter((one) => one !== 'public' && one.scopes.includes(scope)) as Access[];
    const outOfReach = knownScopes.filter((scope) => {
      const routes = naming(scope);
      return routes.length > 0 && routes.every(({ roles }) => roles !== undefined && !roles.includes('worker'));
    });
    expect(outOfReach).toEqual(
      expect.arrayContaining(['task.fail', 'task.claim', 'project.report', 'infra.server.add']),
    );
    expect(outOfReach.filter((scope) => holdsScope(scopes, scope))).toEqual([]);
  });

  test('a refusal names the one scope that is missing for what was asked', async () => {
    const user = await api.user({ scopes: ['project.list'] });
    const lacking = async (method: string, path: string, body?: object) => {
      const { status, body: refusal } = await user.call(method, path, body);
      return [status, /lacks the scope (.*);/.exec(refusal.detail)?.[1]];
    };
    const order = { project: 'x', type: 'deploy', spec: 'x' };
    expect(await lacking('POST', '/tasks', order)).toEqual([403, 'deploy.start']);
    expect(await lacking('POST', '/tasks', { ...order, type: 'engineering' })).toEqual([403, 'engineering.start']);
    expect(await lacking('GET', '/tasks/task_x')).toEqual([403, 'task.get']);
    expect(await lacking('GET', '/tasks/task_x/events')).toEqual([403, 'task.watch']);
    expect(await lacking('POST', '/tasks/task_x/cancel')).toEqual([403, 'task.cancel']);
    expect(await lacking('GET', '/deployments')).toEqual([403, 'deploy.list']);
  });

  test('a key sees the tasks of the types that its scopes are for; another is as one that is not there', async () => {
    const [ann, service] = [await api.user(), await api.service()];
    const { id: project } = await ann.createProject();
    await service.ok('PATCH', `/projects/${project}/report`, { main_sha: 'a'.repeat(40) });
    const { task: built } = await ann.startEngineering(project, 'a secret plan');
    const { task: deploy } = await ann.ok('POST', '/tasks', { project, type: 'deploy', anyway: true });
    const sees = async (key: Client, id: string) => {
      const reads = ['', '/events', '/attempts'].map((what) => key.call('GET', `/tasks/${id}${what}`));
      const codes = (await Promise.all(reads)).map(({ status, body }) => (status === 200 ? 200 : body.code));
      return [...new Set(codes)];
    };
    const listed = async (key: Client, query = '') =>
      (await key.ok('GET', `/tasks?project=${project}${query}`)).items.map(({ id }: { id: string }) => id);
    for (const [scopes, mine, others] of [
      [['deploy.*'], deploy.id, built.id],
      [['deploy.status'], deploy.id, built.id],
      [['deploy.wait', 'project.get', 'secret.*'], deploy.id, built.id],
      [['engineering.*'], built.id, deploy.id],
      [['engineering.status'], built.id, deploy.id],
    ] as const) {
      const made = await ann.ok<CreatedApiKey>('POST', '/api-keys', { name: 'agent', role: 'worker', scopes });
      const key = new Client(api.url, made.secret);
      expect([scopes, await sees(key, mine), await sees(key, others)]).toEqual([scopes, [200], ['TASK_NOT_FOUND']]);
      expect(await listed(key)).toEqual([mine]);
      expect(await listed(key, `&type=${mine === deploy.id ? 'engineering' : 'deploy'}`)).toEqual([]);
    }
    for (const scopes of [['task.*'], ['explain', 'deploy.*'], ['deploy.*', 'engineering.*'], ['*']]) {
      const made = await ann.ok<CreatedApiKey>('POST', '/api-keys', { name: 'agent', role: 'worker', scopes });
      const key = new Client(api.url, made.secret);
      expect([scopes, await sees(key, built.id), await sees(key, deploy.id)]).toEqual([scopes, [200], [200]]);
      expect(await listed(key)).toEqual([deploy.id, built.id]);
    }
    const plain = await api.service(['respond']);
    expect([await sees(plain, built.id), await sees(plain, deploy.id)]).toEqual([[200], [200]]);
    // What a key cannot see it cannot note as published either.
    const made = await ann.ok<CreatedApiKey>('POST', '/api-keys', { name: 'agent', scopes: ['deploy.start'] });
    const note = { request_id: built.request_id };
    const starter = new Client(api.url, made.secret);
    expect(await starter.refused('POST', `/tasks/${built.id}/published`, note)).toBe('404 TASK_NOT_FOUND');
  });

  test('a key for engineering starts no deploy', async () => {
    const user = await api.user({ scopes: ['engineering.start', 'project.create'] });
    const { id: project } = await user.createProject();
    await user.startEngineering(project);
    expect(await user.refused('POST', '/tasks', { project, type: 'deploy' })).toBe('403 FORBIDDEN');
  });

  test('only an admin is given, by name, what writes any message or gives agents variables; no topic includes it', async () => {
    const user = await api.user();
    for (const scope of ['queue.publish', 'worker.create.env']) {
      for (const client of [user, api.admin]) {
        const asked = { name: 'x', role: 'user', scopes: ['project.get', scope] };
        expect(await client.refused('POST', '/api-keys', asked)).toBe('403 FORBIDDEN');
      }
      await api.admin.ok('POST', '/api-keys', { name: 'x', role: 'admin', scopes: [scope] });
    }
    await user.ok('POST', '/api-keys', { name: 'x', scopes: ['worker.*', 'queue.*'] });
  });

  test('a key that is revoked while its body is on its way, or while it waits, gets no further', async () => {
    const [slow, waiting] = [await api.user(), await api.user()];
    const project = await waiting.createProject();
    const { task } = await waiting.startEngineering(project.id);
    const poll = waiting.call('GET', `/tasks/${task.id}/events?wait_ms=2000`);
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from('{"name":'));
        await sleep(1300);
        for (const { token } of [slow, waiting]) {
          const { key } = await new Client(api.url, token).ok('GET', '/whoami');
          await api.admin.ok('DELETE', `/api-keys/${key.id}`);
        }
        controller.enqueue(Buffer.from('"too-late"}'));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${slow.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${api.url}/projects`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(401);
    const polled = await poll;
    expect([polled.status, polled.body.code]).toEqual([401, 'UNAUTHENTICATED']);
    expect(polled.body.detail).toMatch(/revoked or has expired meanwhile/);
    expect(polled.headers.get('content-type')).toContain('application/problem+json');
    expect(await database.sql(`select 1 from projects where name = 'too-late'`)).toEqual([]);
  });

  test('a key makes no key that can do more than itself', async () => {
    const user = await api.user({ scopes: ['project.*', 'auth.key.create', 'auth.key.list'] });
    const make = (body: object) => user.call<CreatedApiKey>('POST', '/api-keys', { name: 'child', ...body });
    const statusOf = async (body: object) => (await make(body)).status;
    expect(await statusOf({ scopes: ['project.list', 'project.*'] })).toBe(201);
    expect(await statusOf({ scopes: ['task.list'] })).toBe(403);
    expect(await statusOf({ scopes: ['*'] })).toBe(403);
    const { body: refusal } = await user.call('POST', '/api-keys', { name: 'child', scopes: ['task.list'] });
    expect(refusal.choices).toEqual(['project.*', 'auth.key.create', 'auth.key.list']);
    expect((await make({})).body.key.scopes).toEqual(['project.*', 'auth.key.create', 'auth.key.list']);
    for (const role of ['admin', 'service']) expect(await statusOf({ scopes: ['project.*'], role })).toBe(403);
    const other = await api.user();
    expect(await statusOf({ scopes: ['project.*'], user_id: other.userId })).toBe(403);
    expect((await user.ok('GET', '/api-keys')).items).toHaveLength(3);
    expect(await api.admin.refused('POST', '/api-keys', { name: 'x', user_id: 'user_none' })).toBe('404 NOT_FOUND');
  });

  test('a key is given by default what its maker may, without what only an administrator gives', async () => {
    const { id: user_id } = await api.admin.ok('POST', '/users', { name: 'bea' });
    const make = (by: Client, body: object) =>
      by.call<CreatedApiKey>('POST', '/api-keys', { name: 'k', user_id, ...body });
    const scopes = ['auth.key.create', 'queue.publish', 'project.list'];
    const made = await make(api.admin, { role: 'admin', scopes });
    const some = new Client(api.url, made.body.secret);
    expect((await make(some, {})).body.key.scopes).toEqual(['auth.key.create', 'project.list']);
    expect((await make(some, { role: 'admin' })).body.key.scopes).toEqual(scopes);
    const only = await make(api.admin, { role: 'user', scopes: ['auth.key.create'] });
    expect((await make(new Client(api.url, only.body.secret), {})).body.key.scopes).toEqual(['auth.key.create']);
  });

  test('an administrator says whose a key for daily work is: it is not their own by default', async () => {
    for (const role of ['user', 'worker', undefined]) {
      const { status, body } = await api.admin.call('POST', '/api-keys', { name: 'k', role });
      expect([status, body.code, body.errors[0].path]).toEqual([400, 'VALIDATION_FAILED', 'user_id']);
    }
    const { id: user_id } = await api.admin.ok('POST', '/users', { name: 'ann' });
    expect((await api.admin.ok('POST', '/api-keys', { name: 'k', user_id })).key).toMatchObject({
      user_id,
      role: 'user',
    });
    for (const role of ['admin', 'service']) await api.admin.ok('POST', '/api-keys', { name: 'k', role });
  });

  test('a child of an expiring key does not outlive it', async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const parent = await api.user({ expires_at: soon });
    const child = await parent.ok<CreatedApiKey>('POST', '/api-keys', { name: 'child' });
    expect(child.key.expires_at).toBe(soon);
  });

  test("nobody but an admin sees or revokes other people's keys", async () => {
    const [ann, bob] = [await api.user(), await api.user()];
    const { key } = await ann.ok('GET', '/whoami');
    expect(await bob.refused('DELETE', `/api-keys/${key.id}`)).toBe('404 NOT_FOUND');
    expect((await bob.ok('GET', '/api-keys')).items.map((one: { id: string }) => one.id)).not.toContain(key.id);
    expect((await api.admin.ok('GET', '/api-keys')).items.map((one: { id: string }) => one.id)).toContain(key.id);
    await api.admin.ok('DELETE', `/api-keys/${key.id}`);
    expect(await ann.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
  });

  test('revoking a key ends the keys that it made and theirs, of other users too, and no other', async () => {
    const root = await api.user({ role: 'admin' });
    const guest = await api.user();
    const make = async (by: Client, body: object = {}) => {
      const made = await by.ok<CreatedApiKey>('POST', '/api-keys', { name: 'k', ...body });
      return { ...made, client: new Client(api.url, made.secret) };
    };
    const child = await make(root, { role: 'admin' });
    const forGuest = await make(child.client, { user_id: guest.userId });
    const grandchild = await make(forGuest.client, { role: 'worker' });
    const sibling = await make(root);
    expect([child.key.created_by, grandchild.key.created_by]).toEqual([
      (await root.ok('GET', '/whoami')).key.id,
      forGuest.key.id,
    ]);
    await root.ok('DELETE', `/api-keys/${child.key.id}`);
    for (const { client } of [child, forGuest, grandchild]) {
      expect(await client.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
    }
    for (const client of [root, guest, sibling.client]) expect((await client.call('GET', '/whoami')).status).toBe(200);
  });

  test('a key revokes itself and what it could have made; a stronger one of the same user it does not', async () => {
    const user = await api.user();
    const make = async (by: Client, body: object) => {
      const made = await by.ok<CreatedApiKey>('POST', '/api-keys', { name: 'k', ...body });
      return { ...made, client: new Client(api.url, made.secret, user.userId) };
    };
    const mine = (await user.ok('GET', '/whoami')).key as ApiKey;
    const revoking = ['auth.key.*', 'project.get'];
    const agent = await make(user, { role: 'worker', scopes: revoking });
    const narrow = await make(user, { scopes: revoking });
    const other = await make(user, { scopes: ['project.get'], role: 'worker' });
    for (const { client } of [agent, narrow]) {
      const { status, body } = await client.call('DELETE', `/api-keys/${mine.id}`);
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
      expect(body.detail).toContain('can do more than yours');
    }
    expect(await agent.client.refused('DELETE', `/api-keys/${other.key.id}`)).toBe('403 FORBIDDEN');
    expect((await narrow.client.call('DELETE', `/api-keys/${other.key.id}`)).status).toBe(200);
    expect((await agent.client.call('DELETE', `/api-keys/${agent.key.id}`)).status).toBe(200);
    expect(await agent.client.refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
    const service = await api.admin.ok<CreatedApiKey>('POST', '/api-keys', {
      ...{ name: 'svc', role: 'service', user_id: user.userId, scopes: ['secret.resolve'] },
    });
    expect(await user.refused('DELETE', `/api-keys/${service.key.id}`)).toBe('403 FORBIDDEN');
    expect((await user.call('GET', '/whoami')).status).toBe(200);
  });

  test('a key that is revoked while it makes others leaves none of them alive', async () => {
    const user = await api.user();
    for (let round = 0; round < 5; round += 1) {
      const parent = await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'parent' });
      const client = new Client(api.url, parent.secret);
      const making = Array.from({ length: 12 }, () =>
        client.call<CreatedApiKey>('POST', '/api-keys', { name: 'child' }),
      );
      const revoking = user.ok('DELETE', `/api-keys/${parent.key.id}`);
      const made = (await Promise.all(making)).filter(({ status }) => status === 201);
      await revoking;
      for (const { body } of made) {
        expect(await new Client(api.url, body.secret).refused('GET', '/whoami')).toBe('401 UNAUTHENTICATED');
      }
    }
  });

  test('keys are listed newest first, page by page, and without those that are of no use where that is asked', async () => {
    const user = await api.user();
    const make = async (body: object) =>
      (await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'k', ...body })).key;
    const [revoked, expired, good] = [await make({}), await make({}), await make({})];
    await database.sql(`update api_keys set expires_at = '2001-01-01' where id = $1`, [expired.id]);
    await user.ok('DELETE', `/api-keys/${revoked.id}`);
    const ids = async (path: string) => (await user.ok('GET', path)).items.map((one: { id: string }) => one.id);
    const all = await ids('/api-keys');
    expect(all.slice(0, 3)).toEqual([good.id, expired.id, revoked.id]);
    expect(await ids('/api-keys?state=valid')).toEqual([all[0], all[3]]);
    const first = await user.ok('GET', '/api-keys?limit=3');
    expect(await ids(`/api-keys?cursor=${first.next_cursor}`)).toEqual([all[3]]);
  });

  test('a key that is not known by its id is refused with the ids of the nearest', async () => {
    const user = await api.user();
    const { key } = await user.ok('POST', '/api-keys', { name: 'ci-deploys' });
    for (const wanted of ['ci-deploy', key.prefix]) {
      const { status, body } = await user.call('DELETE', `/api-keys/${wanted}`);
      expect([status, body.code, body.choices]).toEqual([404, 'NOT_FOUND', [key.id]]);
      expect(body.detail).toContain(`${key.id} (ci-deploys)`);
    }
    expect((await (await api.user()).call('DELETE', '/api-keys/ci-deploys')).body.choices).toEqual([]);
  });

  test('a Telegram id beyond 32 bits belongs to one user', async () => {
    const telegram_id = 7_000_000_001;
    const user = await api.admin.ok('POST', '/users', { name: 'Ann', telegram_id });
    expect(user).toMatchObject({ name: 'Ann', telegram_id, is_admin: false });
    expect(await api.admin.refused('POST', '/users', { telegram_id })).toBe('409 CONFLICT');
  });

  test('no header, token or body is logged, whatever the outcome', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => void lines.push(message + JSON.stringify(fields));
    const logger = { debug: write, info: write, warn: write, error: write };
    const logged = await startTestApi(database, { logger, masterKey });
    const user = await logged.user();
    await user.createProject('logged');
    await user.ok('PUT', '/projects/logged/secrets/TOKEN', { value: 'sesame-open' });
    await user.call('PUT', '/projects/logged/secrets/TOKEN', '{"value": "sesame-open"');
    await user.call('GET', '/tasks/nothing');
    await new Client(logged.url, `${user.token}x`).call('GET', '/whoami');
    await logged.stop();
    expect(lines.length).toBeGreaterThan(5);
    for (const secret of [user.token?.slice(13), logged.admin.token?.slice(13), 'sesame-open', 'Bearer']) {
      expect(lines.join('\n')).not.toContain(secret);
    }
  });
});
