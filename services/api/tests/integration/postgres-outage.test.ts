import { createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDatabase } from '../../../../tests/support/postgres.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { makeApiKeySecret } from '../../src/auth.js';
import { startApi } from '../../src/start-api.js';
import { Client, masterKey } from '../support/test-api.js';

let database: Awaited<ReturnType<typeof createDatabase>>;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

/** Stands between the API and PostgreSQL, and can cut the line. */
async function startLine(target: URL) {
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer((incoming) => {
    if (!open) return incoming.destroy();
    const outgoing = dial(Number(target.port), target.hostname);
    for (const [from, to] of [[incoming, outgoing] as const, [outgoing, incoming] as const]) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    cut() {
      open = false;
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    mend() {
      open = true;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

test('with the database away the API says so, and goes on when it is back', async () => {
  const line = await startLine(new URL(database.url));
  const adminToken = makeApiKeySecret();
  const warnings: string[] = [];
  const nothing = () => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (_: object, text: string) => warnings.push(text),
  };
  const api = await startApi({
    host: '127.0.0.1',
    port: 0,
    database: { url: line.url },
    adminToken,
    masterKey,
    logger,
  });
  const admin = new Client(api.url, adminToken);
  const { id } = await admin.createProject('before');
  const { task } = await admin.ok('POST', '/tasks', { type: 'engineering', project: id, spec: 'x' });
  const polling = admin.call('GET', `/tasks/${task.id}/events?wait_ms=20000`);
  // For longer than a second, so that its key is looked at once more before the answer goes out.
  await sleep(1200);

  line.cut();
  const cut = await polling;
  expect(cut).toMatchObject({ status: 503, body: { code: 'API_UNAVAILABLE', retryable: true } });
  expect(cut.headers.get('content-type')).toContain('application/problem+json');
  const answer = await waitFor('an answer without a database', async () => {
    const one = await admin.call('GET', '/projects');
    return one.status === 503 && one;
  });
  expect(answer.body).toMatchObject({ code: 'API_UNAVAILABLE', retryable: true });
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(await admin.refused('POST', '/projects', { name: 'during' })).toBe('503 API_UNAVAILABLE');
  expect((await fetch(`${api.url}/health`)).status).toBe(503);

  line.mend();
  await waitFor('the API to recover', async () => (await fetch(`${api.url}/health`)).status === 200);
  expect((await admin.ok('GET', '/projects')).items).toHaveLength(1);
  await admin.createProject('after');
  expect(warnings.length).toBeGreaterThan(0);
  await api.stop();
  await line.close();
});

test('connections that PostgreSQL ends do not end the API', async () => {
  const adminToken = makeApiKeySecret();
  const api = await startApi({ host: '127.0.0.1', port: 0, database: { url: database.url }, adminToken, masterKey });
  const admin = new Client(api.url, adminToken);
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  for (let i = 0; i < 3; i += 1) {
    const working = Array.from({ length: 20 }, () => admin.call('GET', '/projects'));
    await other.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'codegen-api'`);
    for (const { status } of await Promise.all(working)) expect([200, 503]).toContain(status);
  }
  await waitFor('the API to recover', async () => (await admin.call('GET', '/projects')).status === 200);
  await other.end();
  await api.stop();
});

test('several API processes may boot on an empty database at once', async () => {
  const adminToken = makeApiKeySecret();
  const start = () => startApi({ host: '127.0.0.1', port: 0, database: { url: database.url }, adminToken, masterKey });
  const apis = await Promise.all(Array.from({ length: 6 }, start));
  const { id } = await new Client(apis[0]?.url as string, adminToken).createProject('shared');
  for (const { url } of apis) expect((await new Client(url, adminToken).ok('GET', '/projects/shared')).id).toBe(id);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query('select name from api_migrations');
  expect(rows.map(({ name }) => name)).toEqual([
    '001-initial',
    '002-correlation-index',
    '003-keys-know-their-maker',
    '004-projects-rest-as-built',
    '005-services',
    '006-disabled-users',
    '007-server-kinds',
    '008-outbox-of-all',
    '009-repositories',
    '010-conditions',
  ]);
  const admins = await client.query('select count(*)::int as n from users where is_admin');
  expect(admins.rows).toEqual([{ n: 1 }]);
  await client.query(`insert into api_migrations (name) values ('999-from-the-future')`);
  await client.end();
  await expect(start()).rejects.toThrow(/newer than this release/);
  await Promise.all(apis.map((api) => api.stop()));
});
