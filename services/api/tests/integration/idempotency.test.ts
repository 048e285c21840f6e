import type { CreatedApiKey } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';
import { uniqueName } from '../support/test-api.js';

onBothDatabases('idempotency', (api, database) => {
  test('the same key again gets the same answer and has no second effect', async () => {
    const user = await api.user();
    const body = { name: uniqueName() };
    const first = await user.call('POST', '/projects', body, { key: 'k1' });
    const second = await user.call('POST', '/projects', body, { key: 'k1' });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect([first, second].map((one) => one.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect((await user.ok('GET', '/projects')).items).toHaveLength(1);
  });

  test('of twenty simultaneous calls with one key, one has an effect and all get its answer', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const task = { project, type: 'engineering', spec: 'Once.' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => user.call('POST', '/tasks', task, { key: 'once' })),
    );
    expect(new Set(answers.map((one) => one.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((one) => JSON.stringify(one.body))).size).toBe(1);
    expect((await user.ok('GET', '/tasks')).items).toHaveLength(1);
  });

  test('the same key with another body or path is refused', async () => {
    const user = await api.user();
    const [one, two] = [await user.createProject(), await user.createProject()];
    await user.ok('PUT', `/projects/${one.id}/secrets/A`, { value: '1' }, { key: 'k' });
    const again = (project: string, value: string) =>
      user.call('PUT', `/projects/${project}/secrets/A`, { value }, { key: 'k' });
    for (const answer of [await again(one.id, '2'), await again(two.id, '1')]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'IDEMPOTENCY_MISMATCH']);
    }
    expect((await again(one.id, '1')).status).toBe(200);
    expect((await user.ok('GET', `/projects/${two.id}/secrets`)).items).toEqual([]);
  });

  test('the same key with another correlation id is the same call, and keeps the first one', async () => {
    const user = await api.user();
    const { id: project } = await user.createProject();
    const order = (correlation_id: string) =>
      user.call('POST', '/tasks', { project, type: 'engineering', spec: 'x', correlation_id }, { key: 'k' });
    const [first, second] = [await order('before-the-crash'), await order('after-it')];
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.body.task.correlation_id).toBe('before-the-crash');
  });

  test('a key belongs to one user and one route', async () => {
    const [ann, bob] = [await api.user(), await api.user()];
    const body = { name: 'same' };
    const [first, second] = [
      await ann.ok('POST', '/projects', body, { key: 'shared' }),
      await bob.ok('POST', '/projects', body, { key: 'shared' }),
    ];
    expect(second.id).not.toBe(first.id);
    const task = { project: 'same', type: 'engineering', spec: 'x' };
    expect((await ann.call('POST', '/tasks', task, { key: 'shared' })).status).toBe(201);
  });

  test('a refused call leaves the key free', async () => {
    const user = await api.user();
    const task = { project: 'later', type: 'engineering', spec: 'x' };
    expect(await user.refused('POST', '/tasks', task, { key: 'k' })).toBe('404 PROJECT_NOT_FOUND');
    await user.createProject('later');
    expect((await user.call('POST', '/tasks', task, { key: 'k' })).status).toBe(201);
  });

  test('calls without an answer and without a body replay too', async () => {
    const user = await api.user();
    const created = await user.startEngineering((await user.createProject()).id);
    const path = `/tasks/${created.task.id}`;
    const note = { request_id: created.message.request_id };
    for (let i = 0; i < 3; i += 1) {
      expect((await user.call('POST', `${path}/published`, note, { key: 'p' })).status).toBe(204);
      expect((await user.call('POST', `${path}/cancel`, undefined, { key: 'c' })).status).toBe(200);
    }
    const [row] = await database.sql(`select publish_count from tasks where id = $1`, [created.task.id]);
    // Cancelling set it back to 0 after the first; the replays did not count.
    expect(row).toEqual({ publish_count: 0 });
  });

  test('claiming again under the same key says what is true now', async () => {
    const [user, service] = [await api.user(), await api.service()];
    const created = await user.startEngineering((await user.createProject()).id);
    const claim = () =>
      service.ok(
        'POST',
        `/tasks/${created.task.id}/claim`,
        { request_id: created.message.request_id },
        { key: 'claim' },
      );
    expect((await claim()).outcome).toBe('claimed');
    expect((await claim()).outcome).toBe('resumed');
  });

  test('a malformed key is refused', async () => {
    const user = await api.user();
    for (const key of ['', ' ', 'a b', 'x'.repeat(201)]) {
      const body = { name: uniqueName() };
      expect(await user.refused('POST', '/projects', body, { key })).toBe('400 VALIDATION_FAILED');
    }
  });

  test('a replayed API key shows its secret again, and the database does not hold it', async () => {
    const user = await api.user();
    const make = () => user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'k' }, { key: 'mk' });
    const [first, second] = [await make(), await make()];
    expect(second).toEqual(first);
    const rows = await database.sql<{ row: string }>('select idempotency_keys::text as row from idempotency_keys');
    const text = rows.map((one) => one.row).join('\n');
    const secret = first.secret.slice(13);
    for (const encoded of [secret, Buffer.from(secret).toString('hex')]) expect(text).not.toContain(encoded);
  });
});
