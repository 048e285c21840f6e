import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeApiKeySecret } from '../../src/auth.js';
import { onBothDatabases } from '../support/both-databases.js';
import { Client, masterKey, startTestApi } from '../support/test-api.js';

onBothDatabases('users', (api, database) => {
  const disable = (id: string) => api.admin.ok('POST', `/users/${id}/disable`);
  const enable = (id: string) => api.admin.ok('POST', `/users/${id}/enable`);
  const anAdmin = async () => {
    const { id } = await api.admin.ok('POST', '/users', { name: 'boss', is_admin: true });
    const { secret } = await api.admin.ok('POST', '/api-keys', { name: 'boss', role: 'admin', user_id: id });
    return new Client(api.url, secret, id);
  };

  test('are listed newest first, in pages, for administrators alone', async () => {
    const ids = [];
    for (const name of ['ann', 'bob', 'cid']) ids.unshift((await api.admin.ok('POST', '/users', { name })).id);
    const first = await api.admin.ok('GET', '/users?limit=2');
    const second = await api.admin.ok('GET', `/users?limit=1&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(ids);
    expect(first.items[0]).toMatchObject({ name: 'cid', is_admin: false, disabled_at: null });
    expect(await (await api.user()).refused('GET', '/users')).toBe('403 FORBIDDEN');
  });

  test('that are disabled are let in by no process and no key, and are told why; enabled again, by each that is good', async () => {
    const ann = await api.user();
    const other = await api.admin.ok('POST', '/api-keys', { name: 'x', role: 'worker', user_id: ann.userId });
    const child = await ann.ok('POST', '/api-keys', { name: 'child', scopes: ['project.list'] });
    const revoked = await ann.ok('POST', '/api-keys', { name: 'gone' });
    await ann.ok('DELETE', `/api-keys/${revoked.key.id}`);
    const replica = await startTestApi(database, { masterKey });
    const clients = [ann.token, other.secret, child.secret, revoked.secret].flatMap((token) =>
      [api.url, replica.url].map((url) => new Client(url, token)),
    );
    const statuses = () => Promise.all(clients.map(async (one) => (await one.call('GET', '/projects')).status));
    try {
      expect(await statuses()).toEqual([200, 200, 200, 200, 200, 200, 401, 401]);
      const disabled = await disable(ann.userId);
      expect(Date.parse(disabled.disabled_at)).toBeGreaterThan(Date.now() - 60_000);
      expect(await disable(ann.userId)).toEqual(disabled);
      expect(await statuses()).toEqual(Array(8).fill(401));
      expect((await ann.call('GET', '/whoami')).body).toMatchObject({
        ...{ code: 'UNAUTHENTICATED', detail: expect.stringContaining(`${ann.userId}, is disabled`) },
      });
      expect(await enable(ann.userId)).toMatchObject({ id: ann.userId, disabled_at: null });
      expect(await statuses()).toEqual([200, 200, 200, 200, 200, 200, 401, 401]);
    } finally {
      await replica.stop();
    }
  });

  test("that are disabled leave a service's key good which they made for a user of its own, and no other", async () => {
    const ann = await api.admin.ok('POST', '/users', { name: 'ann' });
    const services = await api.admin.ok('POST', '/users', { name: 'services' });
    const admin = await api.admin.ok('POST', '/api-keys', { name: 'x', role: 'admin', user_id: ann.id, scopes: ['*'] });
    const client = new Client(api.url, admin.secret);
    const make = async (more: object) => {
      const body = { name: 'langgraph', role: 'service', scopes: ['event.write'], ...more };
      return new Client(api.url, (await client.ok('POST', '/api-keys', body)).secret);
    };
    const [hers, theirs] = [await make({}), await make({ user_id: services.id })];
    await disable(ann.id);
    expect(await hers.refused('POST', '/events', { events: [] })).toBe('401 UNAUTHENTICATED');
    expect(await theirs.ok('POST', '/events', { events: [] })).toEqual({ recorded: 0 });
  });

  test('that are disabled while they wait for news, here or at another process, wait no longer', async () => {
    const replica = await startTestApi(database, { masterKey });
    try {
      const ann = await api.user();
      const { task } = await ann.startEngineering((await ann.createProject()).id);
      const polls = [api.url, replica.url].map((url) =>
        new Client(url, ann.token).call('GET', `/tasks/${task.id}/events?wait_ms=25000`),
      );
      await sleep(1300);
      const before = Date.now();
      await disable(ann.userId);
      for (const { status, body } of await Promise.all(polls)) {
        expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
        expect(body.detail).toMatch(/its user was disabled/);
      }
      expect(Date.now() - before).toBeLessThan(5000);
    } finally {
      await replica.stop();
    }
  });

  test('that are disabled in mid-call make no key', async () => {
    const ann = await api.user();
    const blocker = await database.pool.connect();
    await blocker.query('begin');
    await blocker.query('update users set disabled_at = now() where id = $1', [ann.userId]);
    const made = ann.refused('POST', '/api-keys', { name: 'late' });
    await sleep(500);
    await blocker.query('commit');
    blocker.release();
    expect(await made).toBe('401 UNAUTHENTICATED');
  });

  test('are not disabled by themselves, nor the last administrator by anybody', async () => {
    const { user } = await api.admin.ok('GET', '/whoami');
    const boss = await anAdmin();
    const own = await boss.call('POST', `/users/${boss.userId}/disable`);
    expect([own.status, own.body.code, own.body.detail]).toEqual([409, 'CONFLICT', expect.stringContaining('is you')]);
    const helper = await api.admin.ok('POST', '/api-keys', { name: 'x', role: 'admin', user_id: boss.userId });
    await disable(boss.userId);
    expect(await new Client(api.url, helper.secret).refused('GET', '/users')).toBe('401 UNAUTHENTICATED');
    // A key of the role admin may be a plain user's.
    const ann = await api.user({ role: 'admin' });
    const last = await ann.call('POST', `/users/${user.id}/disable`);
    expect([last.status, last.body.code, last.body.detail]).toEqual([
      ...[409, 'CONFLICT', expect.stringContaining('last administrator')],
    ]);
    await enable(boss.userId);
    const both = await Promise.all([
      api.admin.call('POST', `/users/${boss.userId}/disable`),
      boss.call('POST', `/users/${user.id}/disable`),
    ]);
    const { items } = await (both[0].status === 200 ? api.admin : boss).ok('GET', '/users?limit=500');
    expect(
      items.filter((one: { is_admin: boolean; disabled_at: string | null }) => one.is_admin && !one.disabled_at),
    ).toHaveLength(1);
    for (const id of [user.id, boss.userId])
      await database.sql('update users set disabled_at = null where id = $1', [id]);
  });

  test('that nobody knows are refused, with those that may be meant', async () => {
    const { id } = await api.admin.ok('POST', '/users', { name: 'wilhelmina' });
    const answer = await api.admin.call('POST', '/users/wilhelmine/disable');
    expect([answer.status, answer.body.code, answer.body.choices]).toEqual([404, 'NOT_FOUND', [id]]);
    expect(await api.admin.refused('POST', '/users/user_none/enable')).toBe('404 NOT_FOUND');
  });

  test('an admin token of a disabled user starts no API; another one gets an administrator who is not', async () => {
    const token = makeApiKeySecret();
    const boss = await anAdmin();
    const first = await startTestApi(database, { masterKey, adminToken: token });
    const { user } = await first.admin.ok('GET', '/whoami');
    await first.stop();
    await boss.ok('POST', `/users/${user.id}/disable`);
    await expect(startTestApi(database, { masterKey, adminToken: token })).rejects.toThrow(
      /admin token's user was disabled/,
    );
    const second = await startTestApi(database, { masterKey });
    expect((await second.admin.ok('GET', '/whoami')).user).toMatchObject({ is_admin: true, disabled_at: null });
    await second.stop();
    await boss.ok('POST', `/users/${user.id}/enable`);
  });
});
