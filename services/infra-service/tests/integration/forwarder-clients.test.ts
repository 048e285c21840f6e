import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { FairShares } from '../../src/forwarder/fair-shares.js';
import { get } from '../support/clients.js';
import { forwarderTo, rawAsk, rawRelease, requestHead } from '../support/raw-http.js';

const good = (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
const POST = 'POST / HTTP/1.1\r\nHost: x\r\n';

test.each([
  ['two Host headers', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400],
  ['a Host that is a list', 'GET / HTTP/1.1\r\nHost: x, y\r\n\r\n', 400],
  ['a Host that is no ASCII', 'GET / HTTP/1.1\r\nHost: \xe9\r\n\r\n', 400],
  ['a target of another host', 'GET http://y/a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a user in its target', 'GET http://u@x/a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a target of another scheme', 'GET ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a fragment in its target', 'GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a target that is no path', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['chunks and a length', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`, 400],
  ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab`, 400],
  ['a list of lengths', `${POST}Content-Length: 2, 2\r\n\r\nab`, 400],
  ['a signed length', `${POST}Content-Length: +2\r\n\r\nab`, 400],
  ['a space in a name', `${POST}Content-Length : 2\r\n\r\nab`, 400],
  ['a folded header', `${POST}X: a\r\n b\r\n\r\n`, 400],
  ['bare line feeds', `${POST}X: a\n\n`, 400],
  ['a coding called xchunked', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
  [
    'chunks that are no last coding',
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['a coding that is not known', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
  ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  ['another version', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['hundreds of headers', `${POST}${'A: b\r\n'.repeat(300)}\r\n`, 431],
  ['a head of 20 KB', `${POST}A: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
])('A request with %s is refused and reaches no release', async (_, bytes, status) => {
  const seen: string[] = [];
  const { upstream } = await rawRelease((socket, head) => {
    seen.push(head);
    good(socket);
  });
  const { port } = await forwarderTo(upstream);
  expect(await rawAsk(port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(seen).toEqual([]);
  expect((await get(port, '/')).body).toBe('good');
});

test('Trailers of a request pass, with TE: trailers; those that would change more than the body do not', async () => {
  let seen = '';
  const { upstream } = await rawRelease((socket, head) => {
    seen = head;
    const read = () => {
      if (seen.includes('\r\n0\r\n')) good(socket);
    };
    socket.on('data', (data) => {
      seen += data;
      read();
    });
    read();
  });
  const { port } = await forwarderTo(upstream);
  const headers = { TE: 'trailers', Trailer: 'X-Sum', 'Transfer-Encoding': 'chunked' };
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false });
  outgoing.write('body');
  outgoing.addTrailers({ 'X-Sum': '42', 'X-Real-IP': '10.0.0.1', Authorization: 'Bearer x' });
  outgoing.end();
  await once(outgoing, 'response');
  await waitFor('the trailers', () => seen.endsWith('0\r\nX-Sum: 42\r\n\r\n'));
  expect(seen).toMatch(/\r\nTE: trailers\r\n/);
  expect(seen).toMatch(/\r\nTrailer: X-Sum\r\n/);
});

test.each([
  ['GET http://x/a?b', 'GET /a?b '],
  ['GET HTTP://X', 'GET / '],
  ['GET http://x?b', 'GET /?b '],
  ['OPTIONS *', 'OPTIONS * '],
  ['GET //y/a', 'GET //y/a '],
])('%s reaches the release as %s', async (asked, seen) => {
  let head = '';
  const { upstream } = await rawRelease((socket, text) => {
    head = text;
    good(socket);
  });
  const { port } = await forwarderTo(upstream);
  await rawAsk(port, requestHead(asked));
  expect(head.slice(0, seen.length)).toBe(seen);
});

test('No upgrade leads to HTTP/2, in which a release would hear what is not looked at here', async () => {
  const heads: string[] = [];
  const { upstream } = await rawRelease((socket, head) => {
    heads.push(head);
    good(socket);
  });
  const { port } = await forwarderTo(upstream);
  const upgrade = (...offers: string[]) =>
    requestHead('GET /').replace(
      'close',
      `Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk${offers.map((one) => `\r\nUpgrade: ${one}`).join('')}`,
    );
  for (const bytes of [upgrade('h2c'), upgrade('H2C, websocket'), upgrade('h2c', 'HTTP/2.0')]) {
    expect(await rawAsk(port, bytes)).toMatch(/^HTTP\/1\.1 200 /);
  }
  expect(heads.map((head) => /\r\nUpgrade: (.*)\r\n/i.exec(head)?.[1])).toEqual([undefined, 'websocket', undefined]);
  expect(heads.join()).not.toMatch(/http2-settings/i);
});

test('What a client says about its own address does not reach the release, by an upgrade neither', async () => {
  const heads: string[] = [];
  const { upstream } = await rawRelease((socket, head) => {
    heads.push(head);
    good(socket);
  });
  const { port } = await forwarderTo(upstream);
  const claims = [
    'X-Forwarded-For: 10.9.8.7',
    'Forwarded: for=10.9.8.7',
    'X-Real-IP: 10.9.8.7',
    'X_Forwarded_For: 10.9.8.7',
  ];
  await rawAsk(port, requestHead('GET /', ...claims));
  await rawAsk(port, requestHead('GET /', ...claims).replace('close', 'Upgrade\r\nUpgrade: websocket'));
  expect(heads).toHaveLength(2);
  for (const head of heads) {
    expect(head).not.toContain('10.9.8.7');
    expect(head).toContain('X-Forwarded-For: 127.0.0.1\r\n');
  }
});

test.each([
  ['says nothing', ''],
  ['stops in its head', 'GET / HTTP/1.1\r\nHost:'],
  ['says a byte now and then of its head', 'GET / HTTP/1.1\r\nX: '],
])('A client that %s gets 408 and its connection is closed', async (_, bytes) => {
  const { upstream } = await rawRelease(good);
  const { port } = await forwarderTo(upstream, { headMs: 300 });
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.on('error', () => undefined);
  const drip = setInterval(() => bytes.endsWith('X: ') && socket.write('a'), 40);
  socket.write(bytes);
  const started = Date.now();
  await once(socket, 'close');
  clearInterval(drip);
  expect(Date.now() - started).toBeLessThan(3000);
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
});

test('A body that stops is 408 with a sentence; one that goes on may take its time', async () => {
  const { upstream } = await rawRelease((socket) => {
    let read = 0;
    socket.on('data', (data) => {
      read += data.length;
      if (read >= 9) good(socket);
    });
  });
  const { port, log } = await forwarderTo(upstream, { bodyIdleMs: 200 });
  const stops = rawAsk(port, `${POST}Content-Length: 10\r\n\r\n1`);
  const slow = connect(port, '127.0.0.1');
  let text = '';
  slow.on('data', (data) => {
    text += data;
  });
  slow.write(`${POST}Content-Length: 10\r\n\r\n`);
  for (let byte = 0; byte < 10; byte += 1) {
    await sleep(60);
    slow.write('x');
  }
  await waitFor('an answer', () => text.endsWith('good'));
  slow.destroy();
  expect(await stops).toMatch(
    /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\r\n\r\nThe request's body did not go on for 0\.2 s/,
  );
  expect(log).toMatchObject([
    { message: 'request failed', method: 'POST', path: '/', reason: 'the body does not go on' },
  ]);
  await waitFor('nothing to be left', () => upstream.inFlight === 0);
});

test('A release that accepts and never answers is 504; one that never reads is too', async () => {
  const { upstream, sockets } = await rawRelease((socket) => void socket.pause());
  const { port } = await forwarderTo(upstream, { releaseIdleMs: 200, bodyIdleMs: 50 });
  const big = 'x'.repeat(8_000_000);
  const [silent, full] = await Promise.all([get(port, '/'), get(port, '/', { method: 'POST', body: big })]);
  expect(silent).toMatchObject({ status: 504, body: expect.stringMatching(/^The release did nothing for 0\.2 s/) });
  expect(full.status).toBe(504);
  for (const socket of sockets) socket.resume();
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});

test('An event stream that goes on outlives the limit on silence; one that falls silent is cut', async () => {
  let events = 0;
  const { upstream } = await rawRelease((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
    const timer = setInterval(() => {
      events += 1;
      if (events <= 8) socket.write(`data: ${events}\n\n`);
      else clearInterval(timer);
    }, 60);
  });
  const { port, log } = await forwarderTo(upstream, { releaseIdleMs: 200 });
  const text = await rawAsk(port, requestHead('GET /events'));
  expect(text).toContain('data: 8');
  expect(text).not.toMatch(/\r\n0\r\n/);
  expect(log).toMatchObject([{ reason: 'the release does nothing' }]);
});

test('A client that does not read its answer is cut off', async () => {
  const { upstream, sockets } = await rawRelease((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
    const send = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', send);
    send();
  });
  const { port, log } = await forwarderTo(upstream, { unreadAnswerMs: 200 });
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('the request to end', () => log.length === 1 && upstream.inFlight === 0 && sockets.size === 0);
  expect(log).toMatchObject([{ reason: 'the client does not read its answer' }]);
  socket.destroy();
});

test('One client takes neither all connections of a port nor all its requests: others are answered', async () => {
  const { upstream, sockets } = await rawRelease((socket, head) => {
    if (head.includes('/good')) good(socket);
  });
  const { port, log } = await forwarderTo(upstream, { maxConnections: 10, halfClosedMs: 100 });
  const ask = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  const greedy = { port, host: '127.0.0.1', localAddress: '127.0.0.2' };
  const ahead = connect(greedy).on('error', () => undefined);
  ahead.write(ask.repeat(100));
  await once(ahead, 'close');
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);

  const clients = Array.from({ length: 9 }, () => connect(greedy).on('error', () => undefined));
  for (const client of clients) client.write(ask);
  await waitFor('the requests', () => sockets.size === 5);
  await waitFor('the others to be closed', () => clients.filter(({ destroyed }) => destroyed).length === 4);
  expect(log).toContainEqual(
    expect.objectContaining({ reason: expect.stringMatching(/^a connection was refused: .* has as many as/) }),
  );
  expect((await get(port, '/good')).body).toBe('good');
  for (const client of clients) client.destroy();
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});

test('One port takes neither all connections of the process nor all its requests: other ports answer', async () => {
  const shares = { connections: new FairShares(8), requests: new FairShares(16) };
  const hung = await rawRelease(() => undefined);
  const { upstream } = await rawRelease(good);
  const [taken, other] = [await forwarderTo(hung.upstream, {}, shares), await forwarderTo(upstream, {}, shares)];
  const clients = Array.from({ length: 20 }, (_, number) => {
    const client = connect({ port: taken.port, host: '127.0.0.1', localAddress: `127.0.0.${number + 2}` });
    client.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    return client;
  });
  await waitFor('what is too much to be closed', () => clients.filter(({ destroyed }) => destroyed).length === 16);
  await waitFor('the requests', () => hung.sockets.size === 8);
  expect((await get(other.port, '/')).body).toBe('good');
  for (const client of clients) client.destroy();
});

test('An upgraded connection without a byte either way ends after its limit', async () => {
  const { upstream } = await rawRelease((socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  const { port } = await forwarderTo(upstream, { upgradedIdleMs: 300, releaseIdleMs: 100 });
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  for (let round = 0; round < 5; round += 1) {
    await sleep(100);
    socket.write('ping');
  }
  expect(upstream.inFlight).toBe(1);
  await once(socket.resume(), 'close');
  await waitFor('nothing to be left', () => upstream.inFlight === 0);
});

test('A client that sends its last byte before it has its answers gets them all', async () => {
  let answered = 0;
  const { upstream } = await rawRelease((socket) => {
    setTimeout(() => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanswer ${++answered}`), 50);
  });
  const { port } = await forwarderTo(upstream);
  const ask = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  const answers = async (bytes: string) =>
    [...(await rawAsk(port, bytes, { halfClose: true })).matchAll(/\r\n\r\n(answer \d)/g)].map(([, body]) => body);
  expect(await answers(ask)).toEqual(['answer 1']);
  expect(await answers(`${POST}Content-Length: 4\r\n\r\nbody`)).toEqual(['answer 2']);
  expect((await answers(ask.repeat(3))).sort()).toEqual(['answer 3', 'answer 4', 'answer 5']);
});

test('A client that sends no more is waited with for a while, if nothing comes', async () => {
  const { upstream, sockets } = await rawRelease(() => undefined);
  const { port } = await forwarderTo(upstream, { halfClosedMs: 200 });
  expect(await rawAsk(port, requestHead('GET /'), { halfClose: true })).toMatch(/The release did nothing for 0\.2 s/);
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});
