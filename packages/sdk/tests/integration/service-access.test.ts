import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serviceNames, serviceScopes } from '@codegen/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { connectRedis, silentLogger } from '../../src/queue/index.js';
import { giveSignsOfLife } from '../../src/service/signs-of-life.js';
import { type FakeApi, startFakeApi } from '../support/fake-api.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/service-process.js', import.meta.url));

let api: FakeApi;
let redis: TestRedis;
beforeAll(async () => {
  [api, redis] = await Promise.all([startFakeApi(), startRedis(['--requirepass', 'right'])]);
});
afterAll(() => Promise.all([api.stop(), redis.stop()]));

const children: ChildProcess[] = [];
afterEach(() => {
  api.intercept = undefined;
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [FIXTURE], {
    env: {
      ...{ PATH: process.env.PATH, GREETING: 'hello', SERVICE: 'langgraph', INSTANCE: 'one', API_URL: api.url },
      ...{ REDIS_URL: `redis://:right@127.0.0.1:${redis.port}`, API_TOKEN: key('langgraph') },
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children.push(child);
  const output = text(child.stderr as NonNullable<typeof child.stderr>);
  const exit = once(child, 'exit');
  return {
    ready: () => Promise.race([once(child, 'message'), exit.then(async () => Promise.reject(new Error(await output)))]),
    stop: () => child.kill('SIGTERM'),
    /** Exit code and log, once it has ended. */
    end: async () => ({ code: (await exit)[0] as number, log: await output }),
  };
}

const key = (service: keyof typeof serviceScopes) => api.makeToken([...serviceScopes[service]], 'service');

const REVOKED = { type: 'about:blank', title: 'no', detail: 'this API key was revoked' };

/** What the last line of the log that is fatal says. */
function toldOf(log: string): string {
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; error: string });
  return lines.findLast(({ level }) => level === 60)?.error ?? '';
}

describe('a service', () => {
  it.each(serviceNames)('runs with the scopes of its key and no other: %s', async (SERVICE) => {
    const service = run({ SERVICE, API_TOKEN: key(SERVICE), INSTANCE: 'a.b-1' });
    await service.ready();
    service.stop();
    expect((await service.end()).code).toBe(0);
    expect(api.services).toContainEqual(expect.objectContaining({ name: SERVICE, instance: 'a.b-1', state: 'alive' }));
  });

  it.each([
    ['a key that the API does not know', () => `cgk_00000000_${'x'.repeat(43)}`, /API_TOKEN.*not known here/],
    [
      'a key without its scopes',
      () => api.makeToken(['task.claim'], 'service'),
      /lacks the scopes task\.transition, .*auth key create langgraph --role service --scopes task\.claim,/,
    ],
    ['the key of a person', () => api.makeToken(['*']), /has the role user/],
  ])('does not start with %s', async (_, token, why) => {
    const { code, log } = await run({ API_TOKEN: token() }).end();
    expect(code).toBe(1);
    expect(log).toMatch(why);
    expect(log).not.toContain('"msg":"hello"');
  });

  it('does not start with a wrong password for Redis, and tells that beside what is wrong with its key', async () => {
    const REDIS_URL = `redis://:hunter2@127.0.0.1:${redis.port}`;
    const { code, log } = await run({ REDIS_URL, API_TOKEN: api.makeToken(['*']) }).end();
    expect(code).toBe(1);
    expect(log).toMatch(/Redis does not let us in/);
    expect(log).toMatch(/has the role user/);
    expect(log).not.toContain('hunter2');
  });

  it('starts while the API is away, and ends when it comes back and refuses the key', async () => {
    api.intercept = () => ({ status: 503, body: {} });
    const service = run({ API_TOKEN: api.makeToken(['*']) });
    await service.ready();
    api.intercept = undefined;
    const { code, log } = await service.end();
    expect(code).toBe(1);
    expect(log).toMatch(/cannot go on, and stops[\s\S]*closing[\s\S]*closed/);
    expect(toldOf(log)).toMatch(
      /^The key in API_TOKEN \(\w+\) has the role user\. Make another one: [^.]*(\.[a-z]+[^.]*)*$/,
    );
    expect(log.match(/API_TOKEN/g)).toHaveLength(1);
  });

  it('whose key is revoked while it runs says once which one, and how another one is made', async () => {
    const token = key('scheduler');
    const service = run({ SERVICE: 'scheduler', API_TOKEN: token });
    await service.ready();
    api.intercept = ({ path }) =>
      path === '/health' ? undefined : { status: 401, body: { ...REVOKED, status: 401, code: 'UNAUTHENTICATED' } };
    const { code, log } = await service.end();
    expect(code).toBe(1);
    const make = `orchestrator auth key create scheduler --role service --scopes ${serviceScopes.scheduler.join(',')}`;
    expect(toldOf(log)).toBe(`The API refuses API_TOKEN: ${REVOKED.detail}. Make another one: ${make}`);
    expect(log.split(REVOKED.detail)).toHaveLength(2);
  }, 30_000);

  it('tells an API that is older of itself rarely, and says once that it takes no signs of life', async () => {
    const told: string[] = [];
    const logger = { ...silentLogger, warn: (_: object, message: string) => void told.push(message) };
    const asked: string[] = [];
    api.intercept = ({ method, path }) => {
      asked.push(`${method} ${path}`);
      if (method !== 'PUT') return undefined;
      return { status: 404, body: { title: 'no', status: 404, code: 'NOT_FOUND', detail: 'there is no PUT here' } };
    };
    const reach = { api: { url: api.url, token: key('langgraph') } };
    const life = await giveSignsOfLife('langgraph', 'one', reach, logger, { everyMs: 20, againMs: 20 });
    try {
      // Not while it starts: it may fail at that, again and again.
      await sleep(100);
      expect(asked.filter((one) => one.startsWith('PUT'))).toEqual([]);
      await life.begin();
      await waitFor('some looks', () => asked.filter((one) => one === 'GET /health').length > 10);
      expect(asked.filter((one) => one.startsWith('PUT'))).toEqual(['PUT /services/langgraph/one']);
      expect(told).toEqual([expect.stringContaining('is older')]);
      // What it needs to know of its key it has asked once.
      expect(asked.filter((one) => one === 'GET /whoami')).toHaveLength(1);
    } finally {
      life.stop();
    }
  });

  describe('that Redis let in before and now refuses, as after a failover', () => {
    /** Its signs of life, while Redis asks for another password, until `during` is done. */
    async function refused(refusedMs: number, during: (refused: Promise<unknown>, told: string[]) => Promise<void>) {
      const told: string[] = [];
      const logger = { ...silentLogger, warn: (about: object) => void told.push(JSON.stringify(about)) };
      const redisUrl = `redis://:right@127.0.0.1:${redis.port}`;
      const admin = connectRedis(redisUrl, { name: 'admin' });
      const own = connectRedis(redisUrl, { name: 'service' });
      const reach = { redis: own, api: { url: api.url, token: key('langgraph') } };
      const life = await giveSignsOfLife('langgraph', 'one', reach, logger, { everyMs: 20, againMs: 20, refusedMs });
      await life.begin();
      const ended = life.refused.catch((error: unknown) => error);
      try {
        await admin.config('SET', 'requirepass', 'other');
        // As a failover does; what is let in already stays so.
        own.disconnect(true);
        await during(ended, told);
      } finally {
        await admin.config('SET', 'requirepass', 'right');
        life.stop();
        own.disconnect();
        admin.disconnect();
      }
    }

    it('goes on for half a minute, and says so once', async () => {
      await refused(30_000, async (ended, told) => {
        await waitFor('the warning', () => told.length > 0);
        api.services.splice(0);
        await waitFor('another sign of life', () => api.services.length > 0);
        const state = await Promise.race([ended.then(() => 'ended'), Promise.resolve('runs')]);
        expect(state).toBe('runs');
        expect(told).toEqual([expect.stringContaining('Redis does not let us in')]);
      });
    });

    it('ends when that lasts', async () => {
      await refused(50, async (ended) => {
        expect(String(await ended)).toMatch(/Redis does not let us in/);
      });
    });
  });
});
