import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type ApiOptions, createApi } from '../../src/api/index.js';
import { isOrchestratorError } from '../../src/errors.js';
import { Orchestrator, type TaskHandle } from '../../src/index.js';
import { type FakeApi, problem, startFakeApi, TOKEN } from '../support/fake-api.js';
import { type Answer, startScriptedServer } from '../support/scripted-server.js';
import { type SilentServer, startFullServer, startSilentServer } from '../support/silent-servers.js';

/** Milliseconds from an abort to the rejection: the promise of this package. */
const LIMIT_MS = 50;
const TIMES = 5;

interface Phase {
  /** The call, in its phase once `ready`. */
  call(signal: AbortSignal): Promise<unknown>;
  ready?: () => boolean;
}

const order = { project: 'todo-api', spec: 'A list' };
let fake: FakeApi;
let full: SilentServer;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [fake, full] = await Promise.all([startFakeApi(), startFullServer()]);
});
afterAll(() => Promise.all([fake.stop(), full.stop()]));
afterEach(async () => {
  vi.unstubAllEnvs();
  fake.seen.length = 0;
  for (const stop of stops.splice(0)) await stop();
});

async function silent(says?: string): Promise<SilentServer> {
  const server = await startSilentServer(says);
  stops.push(server.stop);
  return server;
}

/** A server that answers each request alike, and a client of it. */
async function answering(answer: Answer | undefined, options: Partial<ApiOptions> = {}) {
  const server = await startScriptedServer(() => answer);
  stops.push(server.stop);
  return { server, api: createApi({ apiUrl: server.url, token: TOKEN, ...options }) };
}

const clientOf = (options: Partial<ConstructorParameters<typeof Orchestrator>[0]> = {}) =>
  new Orchestrator({ apiUrl: fake.url, token: TOKEN, ...options });

const startedTask = (): Promise<TaskHandle> => clientOf().engineering.start(order);
const asked = (end: string) => fake.seen.filter(({ path }) => path.endsWith(end)).length;

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** Every phase that a call can be in. */
const phases: Record<string, () => Promise<Phase>> = {
  'while it connects to a server that lets nobody in': async () => {
    const api = createApi({ apiUrl: `http://127.0.0.1:${full.port}`, token: TOKEN });
    return { call: (signal) => api.health({ signal }) };
  },
  'during the TLS handshake': async () => {
    const server = await silent();
    const api = createApi({ apiUrl: `https://127.0.0.1:${server.port}`, token: TOKEN });
    return { call: (signal) => api.health({ signal }), ready: () => server.connections() > 0 };
  },
  'while it waits for a proxy to let it through': async () => {
    const proxy = await silent();
    vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${proxy.port}`);
    vi.stubEnv('NO_PROXY', undefined);
    const api = createApi({ apiUrl: 'https://orchestrator.example.com', token: TOKEN });
    return { call: (signal) => api.health({ signal }), ready: () => proxy.connections() > 0 };
  },
  'while it waits for an answer': async () => {
    const { server, api } = await answering(undefined);
    return { call: (signal) => api.health({ signal }), ready: () => server.seen.length > 0 };
  },
  'in the middle of a body': async () => {
    const server = await silent('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"status":');
    const api = createApi({ apiUrl: `http://127.0.0.1:${server.port}`, token: TOKEN });
    return { call: (signal) => api.health({ signal }), ready: () => server.connections() > 0 };
  },
  'between two tries': async () => {
    const retry = { baseMs: 60_000, maxMs: 60_000 };
    const { server, api } = await answering({ status: 503, body: 'busy' }, { retry });
    return { call: (signal) => api.projects.archive('todo-api', { signal }), ready: () => server.seen.length > 0 };
  },
  'in the pause that Retry-After asks for': async () => {
    const { server, api } = await answering({ ...problem('RATE_LIMITED', 'slow'), headers: { 'retry-after': '20' } });
    return { call: (signal) => api.health({ signal }), ready: () => server.seen.length > 0 };
  },
  'with an HTTP client that knows no signals': async () => {
    const fetch = () => new Promise<never>(() => undefined);
    const api = createApi({ apiUrl: fake.url, token: TOKEN, fetch });
    return { call: (signal) => api.health({ signal }) };
  },
  'during a long poll': async () => {
    const { id } = await startedTask();
    const api = await clientOf().api();
    return {
      call: (signal) => api.tasks.events(id, { wait_ms: 20_000 }, { signal }),
      ready: () => asked('/events') > 0,
    };
  },
  'while it follows events': async () => {
    const handle = await startedTask();
    return { call: (signal) => drain(handle.events({ signal })), ready: () => asked('/events') > 0 };
  },
  'between two polls for events': async () => {
    const handle = await startedTask();
    // A server that does not hold polls open is asked again after a pause.
    const page = { items: [], last_seq: 0, task: handle.task };
    fake.intercept = ({ path }) => (path.endsWith('/events') ? { body: page } : undefined);
    stops.push(async () => {
      fake.intercept = undefined;
    });
    return { call: (signal) => drain(handle.events({ signal })), ready: () => asked('/events') > 0 };
  },
  'while it waits for an API that is away': async () => {
    const handle = await startedTask();
    fake.intercept = () => ({ status: 400, body: { title: 'x', code: 'X', status: 400, retryable: true } });
    stops.push(async () => {
      fake.intercept = undefined;
    });
    return { call: (signal) => drain(handle.events({ signal })), ready: () => asked('/events') > 0 };
  },
  'while it waits for a result': async () => {
    const handle = await startedTask();
    return { call: (signal) => handle.result({ signal }), ready: () => asked('/events') > 1 };
  },
  'between two pages of a list': async () => {
    const [item] = fake.projects;
    const server = await startScriptedServer((_, count) =>
      count === 1 ? { body: { items: [item], next_cursor: 'more' } } : undefined,
    );
    stops.push(server.stop);
    const client = clientOf({ apiUrl: server.url });
    return {
      call: (signal) => drain(client.projects.list({}, { signal })),
      ready: () => server.seen.length === 2,
    };
  },
};

/** Milliseconds from the abort to the rejection, which must be with the signal's reason and leave no listener. */
async function abortTimed({ call, ready }: Phase): Promise<{ tookMs: number; rejection: unknown; reason: Error }> {
  const controller = new AbortController();
  const reason = new Error('enough');
  let rejectedAtMs = 0;
  const rejection = call(controller.signal).then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => {
      rejectedAtMs = performance.now();
      return error;
    },
  );
  if (ready) await waitFor('the phase', ready);
  // What was seen by the server may not have come back yet.
  await sleep(30);
  expect(rejectedAtMs, 'rejected before the abort').toBe(0);
  const abortedAtMs = performance.now();
  controller.abort(reason);
  const error = await rejection;
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  return { tookMs: rejectedAtMs - abortedAtMs, rejection: error, reason };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

describe('an abort ends a call within 50 ms, with its reason,', () => {
  it.each(Object.entries(phases))('%s', async (_, prepare) => {
    const times: number[] = [];
    for (let n = 0; n < TIMES; n += 1) {
      const { tookMs, rejection, reason } = await abortTimed(await prepare());
      expect(rejection).toBe(reason);
      times.push(tookMs);
      vi.unstubAllEnvs();
      fake.intercept = undefined;
      fake.seen.length = 0;
    }
    expect(median(times)).toBeLessThan(LIMIT_MS);
  });

  it('while the package is still loading, and then sends nothing', async () => {
    const controller = new AbortController();
    const client = clientOf();
    const calls = [
      client.projects.get('todo-api', { signal: controller.signal }),
      client.engineering.start(order, { signal: controller.signal }),
      client.deploy.check(order, { signal: controller.signal }),
      client.tasks.handle('task_1', { signal: controller.signal }),
      drain(client.projects.list({}, { signal: controller.signal })),
    ];
    const reason = new Error('enough');
    const startedMs = performance.now();
    controller.abort(reason);

    const ended = await Promise.allSettled(calls);
    expect(performance.now() - startedMs).toBeLessThan(LIMIT_MS);
    for (const one of ended) expect(one).toEqual({ status: 'rejected', reason });
    await sleep(100);
    expect(fake.seen).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('before it, without asking anyone', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    const client = clientOf();

    await expect(client.projects.get('todo-api', { signal })).rejects.toBe(reason);
    await expect(client.engineering.start(order, { signal })).rejects.toBe(reason);
    await expect(drain(client.tasks.list({}, { signal }))).rejects.toBe(reason);
    expect(fake.seen).toEqual([]);
  });

  it('between two items, before the next request', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const walking = (async () => {
      for await (const _ of clientOf().projects.list({ limit: 1 }, { signal: controller.signal })) {
        controller.abort(reason);
      }
    })();

    await expect(walking).rejects.toBe(reason);
    expect(asked('/projects')).toBe(1);
  });
});

describe('an abort while a task’s message is published', () => {
  it.each([
    ['to a Redis that does not answer', async () => (await silent()).port],
    ['to a Redis that lets nobody in', async () => full.port],
  ])('%s ends within 50 ms and tells which task was started', async (_, port) => {
    const times: number[] = [];
    for (let n = 0; n < TIMES; n += 1) {
      fake.seen.length = 0;
      const client = clientOf({ redisUrl: `redis://127.0.0.1:${await port()}` });
      const { tookMs, rejection, reason } = await abortTimed({
        call: (signal) => client.engineering.start(order, { signal }),
        ready: () => asked('/tasks') > 0,
      });
      times.push(tookMs);
      const id = [...fake.tasks.keys()].at(-1) as string;
      if (!isOrchestratorError(rejection)) throw rejection;
      expect(rejection).toMatchObject({ code: 'INTERRUPTED', cause: reason, details: { id } });
      expect(rejection.message).toContain(id);
      expect(rejection.next?.[0]?.command).toBe(`orchestrator engineering wait ${id}`);
    }
    expect(median(times)).toBeLessThan(LIMIT_MS);
  });
});

describe('after an abort the process can end at once: nothing is left open', () => {
  const http = (port: number) => ({ apiUrl: `http://127.0.0.1:${port}` });

  it.each<[string, () => Promise<{ options: object; env?: Record<string, string> }>]>([
    ['while it connects', async () => ({ options: http(full.port) })],
    ['during the TLS handshake', async () => ({ options: { apiUrl: `https://127.0.0.1:${(await silent()).port}` } })],
    ['while it waits for an answer', async () => ({ options: http((await silent()).port) })],
    [
      'in the middle of a body',
      async () => ({ options: http((await silent('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{')).port) }),
    ],
    [
      'while it waits for a proxy',
      async () => ({
        options: { apiUrl: 'https://orchestrator.example.com' },
        env: { HTTPS_PROXY: `http://127.0.0.1:${(await silent()).port}` },
      }),
    ],
    [
      'while it connects to a proxy',
      async () => ({
        options: { apiUrl: 'https://orchestrator.example.com' },
        env: { HTTPS_PROXY: `http://127.0.0.1:${full.port}` },
      }),
    ],
    [
      'while it publishes to a Redis that does not answer',
      async () => ({
        options: {
          apiUrl: fake.url,
          token: TOKEN,
          redisUrl: `redis://127.0.0.1:${(await silent()).port}`,
          start: true,
        },
      }),
    ],
    [
      'while it connects to Redis',
      async () => ({
        options: { apiUrl: fake.url, token: TOKEN, redisUrl: `redis://127.0.0.1:${full.port}`, start: true },
      }),
    ],
  ])('%s', async (_, prepare) => {
    const { options, env } = await prepare();
    const script = resolve(import.meta.dirname, '..', 'fixtures', 'aborted-call.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(options)], {
      env: { PATH: process.env.PATH, ...env },
    });
    const [message, lingeredMs] = JSON.parse(stdout) as [string, number];

    expect(message).toMatch(/^enough/);
    expect(lingeredMs).toBeLessThan(1000);
  });
});
