import { request } from 'node:http';
import { connect } from 'node:net';
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

  test('text that cannot be stored to the letter is a validation error, not a failure', async () => {
    const user = await api.user();
    const { id } = await user.createProject();
    for (const description of ['a\u0000b', 'a\ud800b']) {
      const message = 'holds a NUL character or a broken surrogate pair: remove it';
      for (const [method, path] of [['POST', '/projects'] as const, ['PATCH', `/projects/${id}`] as const]) {
        const { status, body } = await user.call(method, path, { name: 'broken-text', description });
        expect([status, body.code, body.errors]).toEqual([
          ...[400, 'VALIDATION_FAILED'],
          [{ path: 'description', message }],
        ]);
      }
      expect(await api.admin.refused('POST', '/users', { name: description })).toBe('400 VALIDATION_FAILED');
    }
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

  test('what never becomes a request is a problem as any other', async () => {
    /** Sends bytes as they are; what comes back until the connection ends. */
    const exchange = (head: string) =>
      new Promise<string>((resolve, reject) => {
        const { hostname, port } = new URL(api.url);
        let text = '';
        const socket = connect(Number(port), hostname, () => socket.write(`${head}\r\n\r\n`));
        socket.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        socket.once('end', () => resolve(text));
        socket.once('error', reject);
        socket.once('close', () => socket.destroy());
      });
    const host = 'Host: x\r\nConnection: close';
    const body = 'Content-Type: application/json\r\nContent-Length: 2';
    for (const [status, request] of [
      [400, `GET /a b c HTTP/1.1\r\n${host}`],
      [400, `FOO /health HTTP/1.1\r\n${host}`],
      [400, `GET /health HTTP/1.1\r\n${host}\r\nno colon`],
      [400, 'GET /health HTTP/1.1\r\nConnection: close'],
      [400, `POST /projects HTTP/1.1\r\n${host}\r\n${body}\r\nTransfer-Encoding: chunked`],
      [417, `GET /health HTTP/1.1\r\n${host}\r\nExpect: a-miracle`],
      [431, `GET /health HTTP/1.1\r\n${host}\r\nX-Long: ${'x'.repeat(20_000)}`],
    ] as const) {
      const [head = '', document = ''] = (await exchange(request)).split('\r\n\r\n');
      const about = `${request.slice(0, 80)} → ${head}`;
      expect(head, about).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head, about).toMatch(/^content-type: application\/problem\+json/im);
      const { request_id, ...problem } = JSON.parse(document);
      expect(problem, about).toMatchObject({ status, code: 'VALIDATION_FAILED', retryable: false });
      expect(head.toLowerCase(), about).toContain(`x-request-id: ${request_id}`);
    }
    expect(await exchange(`GET /health HTTP/1.1\r\n${host}\r\nExpect: 100-continue`)).toMatch(/^HTTP\/1.1 100 .*200 /s);
    expect(await exchange('GET /health HTTP/1.0')).toMatch(/^HTTP\/1.1 200 /);
  });

  test('HEAD answers what GET does, without the body, and to those who may GET', async () => {
    const user = await api.user();
    const head = async (path: string, token = user.token) => {
      const answer = await fetch(api.url + path, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } });
      return [answer.status, await answer.text()];
    };
    for (const path of ['/health', '/projects', '/whoami', '/openapi.json'])
      expect(await head(path)).toEqual([200, '']);
    expect(await head('/projects', 'wrong')).toEqual([401, '']);
    expect(await head('/tasks/task_none')).toEqual([404, '']);
    const { body } = await user.call('GET', '/openapi.json');
    expect(Object.values(body.paths as object).filter((path) => 'head' in path)).toEqual([]);
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
