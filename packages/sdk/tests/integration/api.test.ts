import { connect, createServer } from 'node:net';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type ApiOptions, createApi } from '../../src/api/index.js';
import { isOrchestratorError, type OrchestratorError } from '../../src/errors.js';
import { problem, startFakeApi, TOKEN } from '../support/fake-api.js';
import { type Answer, type SeenRequest, startScriptedServer } from '../support/scripted-server.js';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) await stop();
});

const project = {
  id: 'proj_1',
  name: 'todo-api',
  description: null,
  status: 'draft',
  modules: [],
  repository_url: null,
  repository: null,
  owner_id: 'user_1',
  main_sha: null,
  manifest: null,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};
const quick = { baseMs: 5, maxMs: 10 };

async function serve(answer: (request: SeenRequest, count: number) => Answer | undefined, options = {}) {
  const server = await startScriptedServer(answer);
  stops.push(server.stop);
  const given: ApiOptions = { apiUrl: server.url, token: TOKEN, retry: quick, ...options };
  return { server, api: createApi(given) };
}

async function failureOf(promise: Promise<unknown>): Promise<OrchestratorError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOrchestratorError(error)) throw new Error('expected an OrchestratorError', { cause: error });
  return error;
}

describe('trying again', () => {
  it('repeats a mutation over 5xx under one idempotency key', async () => {
    const { server, api } = await serve((_, count) =>
      count < 3 ? { status: 503, body: 'busy' } : { status: 201, body: project },
    );

    await api.projects.create({ name: 'todo-api' });

    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes a new key for each call, and the one it is given', async () => {
    const { server, api } = await serve(() => ({ body: project }));

    await api.projects.create({ name: 'todo-api' });
    await api.projects.create({ name: 'todo-api' });
    await api.projects.create({ name: 'todo-api' }, { idempotencyKey: 'mine' });

    const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('mine');
  });

  it('sends no key with a read', async () => {
    const { server, api } = await serve(() => ({ body: project }));

    await api.projects.get('todo-api');

    expect(server.seen[0]?.headers).not.toHaveProperty('idempotency-key');
    expect(server.seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it('waits as long as Retry-After says', async () => {
    const { server, api } = await serve((_, count) =>
      count === 1
        ? { ...problem('RATE_LIMITED', 'slow down'), headers: { 'retry-after': '0.4' } }
        : { body: { status: 'ok' } },
    );

    await api.health();

    const [first, second] = server.seen;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(390);
  });

  it('waits until the date that Retry-After names', async () => {
    const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 1000;
    const { server, api } = await serve((_, count) => {
      const headers = { 'retry-after': new Date(untilMs).toUTCString() };
      return count === 1 ? { ...problem('API_UNAVAILABLE', 'soon'), headers } : { body: { status: 'ok' } };
    });

    await api.health();

    expect(server.seen[1]?.atMs).toBeGreaterThanOrEqual(untilMs - 20);
    expect(server.seen[1]?.atMs).toBeLessThan(untilMs + 3000);
  });

  it.each([
    ['408', { status: 408 }],
    ['429', { status: 429 }],
    ['a proxy’s 502 in HTML', { status: 502, body: '<html>Bad gateway</html>' }],
    ['500 of ours', problem('INTERNAL', 'a bug there')],
  ])('repeats a mutation after %s, with the key of the first try', async (_, first) => {
    const { server, api } = await serve((_, count) => (count === 1 ? first : { body: project }));

    await api.projects.archive('todo-api', { idempotencyKey: 'mine' });

    expect(server.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['mine', 'mine']);
  });

  it.each([
    ['a sign-in page with 200', { body: '<html>Sign in</html>' }, 'BAD_RESPONSE'],
    ['an answer of another shape', { body: { id: 7 } }, 'BAD_RESPONSE'],
    ['a page of somebody else’s with 404', { status: 404, body: '<html>Not here</html>' }, 'BAD_RESPONSE'],
    ['a redirect', { status: 308, headers: { location: 'https://elsewhere.example.com' } }, 'BAD_RESPONSE'],
    ['401', problem('UNAUTHENTICATED', 'who?'), 'UNAUTHENTICATED'],
    ['403', problem('FORBIDDEN', 'no'), 'FORBIDDEN'],
    ['a real conflict', problem('PROJECT_BUSY', 'wait'), 'PROJECT_BUSY'],
  ])('does not repeat after %s', async (_, answer, code) => {
    const { server, api } = await serve(() => answer);

    expect(await failureOf(api.projects.get('todo-api'))).toMatchObject({ code, retryable: false });
    expect(server.seen).toHaveLength(1);
  });

  it('repeats a 409 whose first call is still under way, and no other 409', async () => {
    const { server, api } = await serve((_, count) => {
      if (count === 1) return problem('IDEMPOTENCY_IN_PROGRESS', 'wait');
      return problem('NAME_TAKEN', 'taken');
    });

    const error = await failureOf(api.projects.create({ name: 'todo-api' }));

    expect(error.code).toBe('NAME_TAKEN');
    expect(server.seen).toHaveLength(2);
  });

  it('gives up after its tries with the last error', async () => {
    const { server, api } = await serve(() => ({ status: 502, body: '<html>Bad gateway</html>' }), {
      retry: { ...quick, attempts: 3 },
    });

    const error = await failureOf(api.health());

    expect(error).toMatchObject({ code: 'API_UNAVAILABLE', retryable: true, exitCode: 75, status: 502 });
    expect(server.seen).toHaveLength(3);
  });

  it('survives connections that break in the middle of the answer', async () => {
    let count = 0;
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        count += 1;
        const body = JSON.stringify({ status: 'ok' });
        if (count === 1) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"sta');
        else socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(async () => void server.close());
    const { port } = server.address() as { port: number };

    const answer = await createApi({ apiUrl: `http://127.0.0.1:${port}`, token: TOKEN, retry: quick }).health();

    expect(answer).toEqual({ status: 'ok' });
    expect(count).toBe(2);
  });
});

describe('errors', () => {
  it('carry what the problem document says', async () => {
    const { api } = await serve(() => ({
      ...problem('PROJECT_NOT_FOUND', 'there is no project todo-apo', ['todo-api']),
      headers: { 'x-request-id': 'req-7' },
    }));

    const error = await failureOf(api.projects.get('todo-apo'));

    expect(error).toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      message: 'there is no project todo-apo',
      exitCode: 3,
      retryable: false,
      status: 404,
      requestId: 'req-7',
      choices: ['todo-api'],
    });
  });

  it('of a newer server map by status and keep its code', async () => {
    const body = { title: 'Quota', status: 409, code: 'QUOTA_EXCEEDED', detail: 'too many', retryable: false };
    const { api } = await serve(() => ({ status: 409, body }));

    const error = await failureOf(api.projects.create({ name: 'todo-api' }));

    expect(error).toMatchObject({ code: 'CONFLICT', message: 'too many', details: { code: 'QUOTA_EXCEEDED' } });
  });

  it('name an answer that is not JSON, or not the one expected', async () => {
    const { api } = await serve(({ path }) => ({ body: path === '/health' ? '<html>Sign in</html>' : { id: 7 } }));

    expect(await failureOf(api.health())).toMatchObject({ code: 'BAD_RESPONSE', exitCode: 1 });
    const error = await failureOf(api.projects.get('todo-api'));
    expect(error.code).toBe('BAD_RESPONSE');
    expect(error.message).toContain('name: ');
  });

  it('of the network keep their cause', async () => {
    const { server, api } = await serve(() => ({ body: {} }), { retry: { attempts: 1 } });
    await server.stop();

    const { cause } = await failureOf(api.health());

    expect(cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('tell that nothing listens', async () => {
    const { server, api } = await serve(() => ({ body: {} }), { retry: { ...quick, attempts: 2 } });
    await server.stop();

    expect(await failureOf(api.health())).toMatchObject({ code: 'NETWORK', exitCode: 75, retryable: true });
  });

  it('tell that the answer takes too long', async () => {
    const { api } = await serve(() => undefined, { timeoutMs: 60, retry: { ...quick, attempts: 2 } });

    expect(await failureOf(api.health())).toMatchObject({ code: 'TIMEOUT', exitCode: 75 });
  });

  it('refuse a redirect and do not send the token after it', async () => {
    const elsewhere = await startScriptedServer(() => ({ body: { status: 'ok' } }));
    stops.push(elsewhere.stop);
    const { api } = await serve(() => ({ status: 307, headers: { location: `${elsewhere.url}/health` } }));

    expect(await failureOf(api.health())).toMatchObject({ code: 'BAD_RESPONSE' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('never hold the token', async () => {
    const { server, api } = await serve(({ path }) =>
      path === '/health' ? { body: 'x' } : problem('FORBIDDEN', 'no'),
    );
    const errors = [await failureOf(api.health()), await failureOf(api.whoami())];
    await server.stop();
    const gone = createApi({ apiUrl: server.url, token: TOKEN, retry: { attempts: 1 } });
    errors.push(await failureOf(gone.health()));

    for (const error of errors) expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('sEcReT');
    expect(() => createApi({ apiUrl: server.url, token: `${TOKEN}\nx` })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('sEcReT') }),
    );
    expect(() => createApi({ apiUrl: 'http://user:sEcReT@host', token: TOKEN })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('sEcReT') }),
    );
  });

  it('refuse what is no identifier before anything is sent', async () => {
    const { server, api } = await serve(() => ({ body: project }));

    for (const bad of ['../keys', 'a/b', 'a?b', 'a#b', 'a%2fb', 'a\nb', '']) {
      expect(await failureOf(api.projects.get(bad))).toMatchObject({ code: 'VALIDATION_FAILED' });
    }
    expect(server.seen).toEqual([]);
  });
});

describe('an abort', () => {
  async function abortsWithin(ms: number, run: (signal: AbortSignal) => Promise<unknown>, ready: () => boolean) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = run(controller.signal).catch((error: unknown) => error);
    await waitFor('the call to be under way', ready);
    const startedMs = performance.now();
    controller.abort(reason);
    expect(await running).toBe(reason);
    expect(performance.now() - startedMs).toBeLessThan(ms);
  }

  it('ends a request within 50 ms', async () => {
    const { server, api } = await serve(() => undefined);

    await abortsWithin(
      50,
      (signal) => api.health({ signal }),
      () => server.seen.length === 1,
    );
  });

  it('ends the wait between tries within 50 ms', async () => {
    const { server, api } = await serve(() => ({ status: 503, body: 'busy' }), { retry: { baseMs: 60_000 } });

    await abortsWithin(
      50,
      (signal) => api.health({ signal }),
      () => server.seen.length === 1,
    );
  });

  it('ends a long poll within 50 ms', async () => {
    const fake = await startFakeApi();
    stops.push(fake.stop);
    const api = createApi({ apiUrl: fake.url, token: TOKEN });
    const { task } = await api.tasks.create({ project: 'todo-api', type: 'engineering', spec: 'x' });

    await abortsWithin(
      50,
      (signal) => api.tasks.events(task.id, { wait_ms: 20_000 }, { signal }),
      () => fake.seen.some(({ path }) => path.endsWith('/events')),
    );
  });

  it('before the call sends nothing', async () => {
    const { server, api } = await serve(() => ({ body: { status: 'ok' } }));

    await expect(api.health({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    expect(server.seen).toEqual([]);
  });
});

describe('answers and addresses', () => {
  it('may hold fields that this client does not know', async () => {
    const { api } = await serve(() => ({ body: { ...project, colour: 'blue' } }));

    expect(await api.projects.get('todo-api')).toEqual(project);
  });

  it('keep their host, however many slashes the address ends in', async () => {
    const { server } = await serve(() => ({ body: { status: 'ok', version: '1', time: '2026-01-01T00:00:00Z' } }));
    for (const end of ['//', '///', '/base//']) {
      const api = createApi({ apiUrl: `${server.url}${end}`, token: TOKEN, retry: { attempts: 1 } });
      await api.health().catch(() => undefined);
    }
    expect(server.seen.map(({ path }) => path)).toEqual(['/health', '/health', '/base/health']);
  });

  it('refuse an idempotency key that no header can hold, without a call', async () => {
    const { server, api } = await serve(() => ({ status: 201, body: project }));
    for (const idempotencyKey of ['', 'two words', 'line\nbreak', 'ключ', 'k'.repeat(201)]) {
      const failure = await failureOf(api.projects.create({ name: 'todo-api' }, { idempotencyKey }));
      expect(failure).toMatchObject({ code: 'VALIDATION_FAILED', exitCode: 2 });
    }
    expect(server.seen).toEqual([]);
  });

  it('may live under a base path', async () => {
    const { server } = await serve(() => ({ body: { status: 'ok' } }));

    await createApi({ apiUrl: `${server.url}/orchestrator/v1/`, token: TOKEN }).health();

    expect(server.seen[0]?.path).toBe('/orchestrator/v1/health');
  });

  it('are walked page by page, as far as they are wanted', async () => {
    const { server, api } = await serve(({ query }) => {
      const cursor = Number(query.get('cursor') ?? 0);
      const items = [0, 1].map((at) => ({ ...project, name: `p${cursor + at}` }));
      return { body: { items, next_cursor: cursor < 4 ? String(cursor + 2) : null } };
    });

    const names = [];
    for await (const { name } of api.projects.list({ limit: 2 })) names.push(name);
    for await (const _ of api.projects.list({ limit: 2 })) break;

    expect(names).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5']);
    expect(server.seen).toHaveLength(4);
  });

  it('end where the server leads round in a circle', async () => {
    const { server, api } = await serve(({ query }) => ({
      body: { items: [project], next_cursor: query.get('cursor') === 'a' ? 'b' : 'a' },
    }));
    const walk = async () => {
      for await (const _ of api.projects.list()) if (server.seen.length > 5) break;
    };

    expect(await failureOf(walk())).toMatchObject({ code: 'BAD_RESPONSE' });
    expect(server.seen).toHaveLength(3);
  });

  it('may share one signal, however many there are', async () => {
    const { api } = await serve(() => ({ body: project }));
    const warned = vi.spyOn(process, 'emitWarning');
    const { signal } = new AbortController();

    await Promise.all(Array.from({ length: 20 }, () => api.projects.get('todo-api', { signal })));

    expect(warned).not.toHaveBeenCalled();
  });

  it('that a proxy finds too large say so, and how large they may be', async () => {
    const { server, api } = await serve(() => ({ status: 413, body: '<html>413 Request Entity Too Large</html>' }));

    const error = await failureOf(api.projects.create({ name: 'todo-api', description: 'x'.repeat(2000) }));

    expect(error).toMatchObject({ code: 'VALIDATION_FAILED', status: 413, retryable: false });
    expect(error.message).toMatch(/too large.* 20\d\d bytes.*2\.5 MiB/);
    expect(server.seen).toHaveLength(1);
  });

  it('are walked in bounded memory, however many there are', async () => {
    const description = 'x'.repeat(2000);
    const { server, api } = await serve(({ query }) => {
      const from = Number(query.get('cursor') ?? 0);
      const items = Array.from({ length: 500 }, (_, at) => ({ ...project, id: `proj_${from + at}`, description }));
      return { body: { items, next_cursor: from < 9500 ? String(from + 500) : null } };
    });
    const held: WeakRef<object>[] = [];
    let count = 0;
    let most = 0;
    for await (const item of api.projects.list({ limit: 500 })) {
      if (count % 500 === 0) held.push(new WeakRef(item));
      count += 1;
      if (count % 2500 === 0) {
        setFlagsFromString('--expose-gc');
        (runInNewContext('gc') as () => void)();
        await new Promise(setImmediate);
        most = Math.max(most, held.filter((one) => one.deref()).length);
      }
    }

    expect(count).toBe(10_000);
    expect(server.seen).toHaveLength(20);
    // Of the pages so far only the last ones may still be there.
    expect(most).toBeLessThanOrEqual(3);
  });

  it('go through the proxy of the environment, and loopback does not', async () => {
    const { server } = await serve(() => ({ body: { status: 'ok' } }));
    const { port } = new URL(server.url);
    const tunnels: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (data) => {
        tunnels.push(data.toString().split('\r\n')[0] ?? '');
        const upstream = connect(Number(port), '127.0.0.1');
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(upstream).pipe(socket);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    stops.push(async () => void proxy.close());
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as { port: number }).port}`);
    for (const name of ['http_proxy', 'no_proxy', 'NO_PROXY']) vi.stubEnv(name, undefined);

    await createApi({ apiUrl: 'http://orchestrator.example.com', token: TOKEN, retry: { attempts: 1 } }).health();
    await createApi({ apiUrl: server.url, token: TOKEN, retry: { attempts: 1 } }).health();

    expect(tunnels).toEqual(['CONNECT orchestrator.example.com:80 HTTP/1.1']);
  });
});
