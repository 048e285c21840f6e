import { request } from 'node:http';
import { expect, test } from 'vitest';
import { onBothDatabases } from '../support/both-databases.js';

onBothDatabases('problems', (api, database) => {
  test('a body that is not JSON, not UTF-8 or of another type is refused without being quoted', async () => {
    const user = await api.user();
    const send = (body: string, headers = {}) => user.call('POST', '/projects', body, { headers });
    const broken = await send('{"name": "top-secret-value"');
    expect([broken.status, broken.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(JSON.stringify(broken.body)).not.toContain('top-secret');
    expect((await send('')).body.code).toBe('VALIDATION_FAILED');
    expect((await send('[]')).body.code).toBe('VALIDATION_FAILED');
    const form = await send('name=x', { 'content-type': 'application/x-www-form-urlencoded' });
    expect([form.status, form.body.code]).toEqual([415, 'VALIDATION_FAILED']);
    const answer = await fetch(`${api.url}/projects`, {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
      body: Buffer.from([...Buffer.from('{"name":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
    });
    expect([answer.status, (await answer.json()).detail]).toEqual([400, 'the body is not UTF-8']);
  });

  test('an unknown route or method is not found', async () => {
    const user = await api.user();
    expect(await user.refused('GET', '/nowhere')).toBe('404 NOT_FOUND');
    expect(await user.refused('DELETE', '/projects')).toBe('404 NOT_FOUND');
    expect(await user.refused('POST', '/tasks/x/explode', {})).toBe('404 NOT_FOUND');
  });

  test('ids with traversal, control characters or too many of them are refused', async () => {
    const user = await api.user();
    for (const id of ['a%2F..%2Fb', '%00', 'a%20b', 'a%3Fb', 'x'.repeat(150)]) {
      expect(await user.refused('GET', `/tasks/${id}`)).toMatch(/^(400 VALIDATION_FAILED|404 NOT_FOUND)$/);
    }
  });

  test('text with a NUL character is a validation error, not a failure', async () => {
    const user = await api.user();
    const body = { name: 'nul', description: 'a\u0000b' };
    expect(await user.refused('POST', '/projects', body)).toBe('400 VALIDATION_FAILED');
    expect(await user.refused('GET', '/projects?name=%00')).toBe('400 VALIDATION_FAILED');
  });

  test('a failure inside tells its request id and nothing else', async () => {
    const service = await api.service();
    await database.sql('alter table deployments rename to deployments_gone');
    try {
      const { status, body } = await service.call('GET', '/deployments', undefined, {
        headers: { 'x-request-id': 'my-request.1' },
      });
      expect([status, body.code, body.request_id]).toEqual([500, 'INTERNAL', 'my-request.1']);
      expect(JSON.stringify(body)).not.toMatch(/deployments|select|relation|stack/i);
    } finally {
      await database.sql('alter table deployments_gone rename to deployments');
    }
    expect((await service.call('GET', '/deployments')).status).toBe(200);
  });

  test("a caller's request id is kept when it is harmless, and replaced when not", async () => {
    const ask = async (id: string) =>
      (await api.admin.call('GET', '/whoami', undefined, { headers: { 'x-request-id': id } })).headers.get(
        'x-request-id',
      );
    expect(await ask('abc-1.2_3')).toBe('abc-1.2_3');
    expect(await ask('{"a":1}')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('a path that is no URL, or too long, is a problem as any other', async () => {
    expect(await api.admin.refused('GET', '/tasks/%E0%A4%A')).toBe('400 VALIDATION_FAILED');
    expect(await api.admin.refused('GET', `/tasks/${'a'.repeat(300)}`)).toBe('414 VALIDATION_FAILED');
  });

  test('a body without a length is cut off at the limit too', async () => {
    const user = await api.user();
    const url = new URL('/tasks', api.url);
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' };
      const sending = request(url, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        response.resume();
      });
      // The rest cannot be written once the answer is there.
      sending.on('error', reject);
      sending.write(`{"spec":"${'x'.repeat(2.6 * 1024 * 1024)}`);
      sending.end('"}');
    });
    expect(status).toBe(413);
  });
});
