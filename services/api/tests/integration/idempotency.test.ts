import { connect, type Socket } from 'node:net';
import type { CreatedApiKey } from '@codegen/contracts';
import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { createVault } from '../../src/vault.js';
import { onBothDatabases } from '../support/both-databases.js';
import { Client, masterKey, uniqueName } from '../support/test-api.js';

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
    expect(new Set(answers.map((one) => JSON.stringify(one.body.message))).size).toBe(1);
    expect(answers.filter((one) => !one.body.replayed)).toHaveLength(1);
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
    expect([second.status, second.body]).toEqual([201, { ...first.body, replayed: true }]);
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

  test("another key of the same user is another caller: it has an effect of its own, and sees no other's answer", async () => {
    const user = await api.user();
    const made = await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'weak', scopes: ['project.create'] });
    const weak = new Client(api.url, made.secret);
    const body = { name: uniqueName() };
    const first = await user.call('POST', '/projects', body, { key: 'shared' });
    const second = await weak.call('POST', '/projects', body, { key: 'shared' });
    expect([first.status, second.status, second.body.code]).toEqual([201, 409, 'NAME_TAKEN']);
    expect(second.headers.get('idempotency-replayed')).toBeNull();
  });

  test('a weaker key gets no secret by repeating the call that made a stronger one, nor after that was revoked', async () => {
    const user = await api.user();
    const scopes = ['auth.key.create', 'project.get'];
    const weak = await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'weak', scopes });
    const strong = await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'strong', scopes: ['*'] }, { key: 'mk' });
    const steal = () =>
      new Client(api.url, weak.secret).refused('POST', '/api-keys', { name: 'strong', scopes: ['*'] }, { key: 'mk' });
    expect(await steal()).toBe('403 FORBIDDEN');
    await user.ok('DELETE', `/api-keys/${strong.key.id}`);
    expect(await steal()).toBe('403 FORBIDDEN');
  });

  test('a secret is shown once: a repeated call names the key that it made, and nothing stored holds the secret', async () => {
    const user = await api.user();
    const make = () => user.call('POST', '/api-keys', { name: 'k' }, { key: 'mk' });
    const answers = await Promise.all(Array.from({ length: 10 }, make));
    const shown = answers.filter(({ status }) => status === 201);
    expect(shown).toHaveLength(1);
    const [{ body: made }] = shown as [(typeof shown)[0]];
    const { key, secret } = made as CreatedApiKey;
    for (const { body, headers } of [...answers.filter(({ status }) => status !== 201), await make()]) {
      expect([body.status, body.code, body.retryable, body.choices]).toEqual([409, 'SECRET_SHOWN', false, [key.id]]);
      expect(body.detail).toContain(`${key.id} (k)`);
      expect(headers.get('idempotency-replayed')).toBe('true');
      expect(JSON.stringify(body)).not.toContain(secret.slice(13));
    }
    const { sealed } = (
      await database.sql<{ sealed: Buffer }>(
        `select sealed_response as sealed from idempotency_keys where key = 'mk' and api_key_id = $1`,
        [(await user.ok('GET', '/whoami')).key.id],
      )
    )[0] as { sealed: Buffer };
    const place = `idempotency/${(await user.ok('GET', '/whoami')).key.id}/POST /api-keys/mk`;
    expect(createVault(masterKey).open(Buffer.from(sealed), place)).not.toContain(secret.slice(13));
  });

  test('a key whose first answer was lost is there once, and can be revoked and made again', async () => {
    const user = await api.user();
    const socket = sendUnheard(api.url, user.token as string, { name: 'lost' }, 'mk');
    const again = () => user.call('POST', '/api-keys', { name: 'lost' }, { key: 'mk' });
    const { id } = await waitFor('the key that was made', async () => {
      const { items } = await user.ok('GET', '/api-keys');
      return items.find(({ name }: { name: string }) => name === 'lost');
    });
    socket.destroy();
    expect((await again()).body).toMatchObject({ code: 'SECRET_SHOWN', choices: [id] });
    await user.ok('DELETE', `/api-keys/${id}`);
    expect((await again()).body.code).toBe('SECRET_SHOWN');
    const fresh = await user.ok<CreatedApiKey>('POST', '/api-keys', { name: 'lost' }, { key: 'other' });
    expect((await new Client(api.url, fresh.secret).call('GET', '/whoami')).status).toBe(200);
  });
});

/** Sends a call; whatever is answered, nobody reads it. */
function sendUnheard(url: string, token: string, body: object, key: string): Socket {
  const text = JSON.stringify(body);
  const { hostname, port, host } = new URL(url);
  const head = `POST /api-keys HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\nidempotency-key: ${key}`;
  const type = `content-type: application/json\r\ncontent-length: ${text.length}`;
  const socket = connect(Number(port), hostname);
  socket.write(`${head}\r\n${type}\r\n\r\n${text}`);
  return socket;
}
