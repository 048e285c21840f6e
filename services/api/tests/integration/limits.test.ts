import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultLimits, FailedLogins } from '../../src/limits.js';
import { Client, openTestDatabase, startTestApi, type TestApi, type TestDatabase } from '../support/test-api.js';

let database: TestDatabase;
let api: TestApi;
const limits = { requestMs: 600, headersMs: 300, idleMs: 1500, connections: 40 };

beforeAll(async () => {
  database = await openTestDatabase('PGlite');
  api = await startTestApi(database, { limits });
});
afterAll(async () => {
  await api.stop();
  await database.close();
});

/** A connection that has sent these bytes. */
async function open(bytes: string, url = api.url): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (bytes) socket.write(bytes);
  return socket;
}

const head = (token: string | undefined, ...lines: string[]) =>
  ['POST /projects HTTP/1.1', 'Host: x', ...(token ? [`Authorization: Bearer ${token}`] : []), ...lines, '', ''].join(
    '\r\n',
  );

describe('a slow client', () => {
  test.each([
    ['says nothing', () => '', undefined],
    ['never ends its head', () => 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ', '1'],
    ['never ends its body', () => head(api.admin.token, 'Content-Type: application/json', 'Content-Length: 900'), 'a'],
    ['never ends its body, without a key', () => head(undefined, 'Content-Length: 900'), 'a'],
    [
      'never ends its chunked body',
      () => head(api.admin.token, 'Content-Type: application/json', 'Transfer-Encoding: chunked'),
      '1\r\na\r\n',
    ],
  ])('that %s is hung up on', async (_, bytes, drop) => {
    const started = performance.now();
    const socket = await open(bytes());
    const dripping = drop && setInterval(() => socket.write(drop), 50);
    const answer = await text(socket).catch(() => '');
    clearInterval(dripping || undefined);
    expect(answer === '' || /^HTTP\/1\.1 4\d\d /.test(answer), answer).toBe(true);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test('that does not ask again is hung up on', async () => {
    const socket = await open('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test('of more connections than there may be, those go that have asked for nothing, and whoever asks is served', async () => {
  const crowded = await startTestApi(database, { limits: { ...defaultLimits, connections: 40 } });
  const asking = await open(
    head(crowded.admin.token, 'Content-Type: application/json', 'Content-Length: 17', 'Connection: close'),
    crowded.url,
  );
  const silent = await Promise.all(Array.from({ length: 60 }, () => open('', crowded.url)));
  expect((await crowded.admin.call('GET', '/health')).status).toBe(200);
  asking.write('{"name":"silent"}');
  expect(await text(asking)).toMatch(/^HTTP\/1\.1 201 /);
  for (const socket of silent) socket.destroy();
  await crowded.stop();
});

describe('requests of one connection', () => {
  const requests = (count: number) =>
    `GET /whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.admin.token}\r\n\r\n`.repeat(count);
  const answered = (bytes: string) => bytes.split('HTTP/1.1 200').length - 1;

  test('that come some at a time are answered, each in its turn', async () => {
    expect(answered(await text(await open(requests(10))))).toBe(10);
  });

  test('that come by the thousand end it', async () => {
    const started = performance.now();
    const socket = await open(requests(5000));
    expect(answered(await text(socket).catch(() => ''))).toBeLessThan(50);
    expect(performance.now() - started).toBeLessThan(limits.idleMs);
  });
});

describe('a body', () => {
  /** What is answered to a body in chunks of a size, and how much of it was heard. */
  async function chunked(size: number, bytes: number): Promise<string> {
    const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close'];
    const socket = await open(head(api.admin.token, ...lines));
    const said = text(socket).catch(() => '');
    const start = '{"name":"crumbs-x"}';
    socket.write(`${start.length.toString(16)}\r\n${start}\r\n`);
    socket.write(`${size.toString(16)}\r\n${' '.repeat(size)}\r\n`.repeat(Math.ceil(bytes / size)));
    socket.write('0\r\n\r\n');
    return said;
  }

  test('may come in many chunks, but not in crumbs', async () => {
    expect(await chunked(100, 1_500_000)).toMatch(/^HTTP\/1\.1 201 /);
    expect(await chunked(1, 100_000)).not.toMatch(/^HTTP\/1\.1 201 /);
    expect(await chunked(1, 9000)).toMatch(/^HTTP\/1\.1 409 /);
  });

  test('holds no more values than it takes some moments to look through, whatever stands in its texts', async () => {
    const wide = JSON.stringify({ name: 'wide-1', modules: Array(200_000).fill('nope') });
    expect(await api.admin.refused('POST', '/projects', wide)).toBe('400 VALIDATION_FAILED');
    const named = JSON.stringify({
      name: 'wide-2',
      ...Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, 1])),
    });
    expect(await api.admin.refused('POST', '/projects', named)).toBe('400 VALIDATION_FAILED');
    await api.admin.createProject('wordy');
    await api.admin.startEngineering('wordy', `,[{"\\"${',[{'.repeat(60_000)}`);
  });
});

test('a body that nests thousands of levels deep is refused, whoever sends it', async () => {
  const service = await api.service();
  for (const levels of [5000, 300_000]) {
    const nested = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    const body = `{"request_id":"r","epoch":1,"status":"completed","result":${nested}}`;
    expect(await service.refused('POST', '/tasks/task_x/transition', body)).toBe('400 VALIDATION_FAILED');
    expect(await service.refused('POST', '/events', `{"events":[${nested}]}`)).toBe('400 VALIDATION_FAILED');
  }
});

describe('many wrong keys', () => {
  const wrong = () => `cgk_${randomBytes(4).toString('hex')}_${'A'.repeat(43)}`;

  test('are answered ever later, and a good key at once', async () => {
    const usual = await startTestApi(database);
    const guess = () => new Client(usual.url, wrong()).refused('GET', '/whoami');
    const started = performance.now();
    for (let tries = 0; tries < 10; tries += 1) await guess();
    const free = performance.now() - started;
    const answers = Promise.all(Array.from({ length: 16 }, guess));
    const asked = performance.now();
    expect((await usual.admin.call('GET', '/whoami')).status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(1000);
    const said = await answers;
    expect(performance.now() - asked, `${free} ms for the first ten`).toBeGreaterThan(3000);
    expect(new Set(said)).toEqual(new Set(['401 UNAUTHENTICATED', '429 RATE_LIMITED']));
    await usual.stop();
  });

  test('are forgotten one by one, and never more than some thousand addresses of them kept', async () => {
    const failed = new FailedLogins();
    const stopped = AbortSignal.abort();
    const refused = async (address: string) =>
      failed.slowDown(address, stopped).then(
        () => false,
        () => true,
      );
    for (let tries = 0; tries < 20; tries += 1) expect(await refused('a')).toBe(false);
    expect(await refused('a')).toBe(true);
    expect(await refused('b')).toBe(false);
    for (let address = 0; address < 10_000; address += 1) await refused(String(address));
    expect(await refused('a')).toBe(false);
  });
});
