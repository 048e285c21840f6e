import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { type Forwarder, openForwarder, PortInUseError } from '../../src/forwarder/forwarder.js';
import type { ForwarderLimits } from '../../src/forwarder/limits.js';
import { Upstream } from '../../src/forwarder/upstream.js';
import { get, poll } from '../support/clients.js';

const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { server, upstream: new Upstream('127.0.0.1', (server.address() as AddressInfo).port) };
}

async function open(upstream?: Upstream, limits: Partial<ForwarderLimits> = {}): Promise<Forwarder> {
  const forwarder = await openForwarder('127.0.0.1', await freePort(), { limits });
  cleanUps.push(() => forwarder.close(0));
  forwarder.switchTo(upstream);
  return forwarder;
}

test('Without a release it answers 503 with a sentence that says what to do', async () => {
  const { port } = await open();
  const answer = await get(port, '/');
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.body).toMatch(/Try again/);
});

test('A release that refuses connections gives 502, also to a request with a body', async () => {
  const forwarder = await open(new Upstream('127.0.0.1', await freePort()));
  expect((await get(forwarder.port, '/')).status).toBe(502);
  expect((await get(forwarder.port, '/', { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(502);
});

test('A port that is taken is told apart from other errors', async () => {
  const { server } = await serve((_, response) => response.end());
  const { port } = server.address() as AddressInfo;
  await expect(openForwarder('127.0.0.1', port)).rejects.toThrow(PortInUseError);
  await expect(openForwarder('192.0.2.1', 18_000)).rejects.toThrow(/EADDRNOTAVAIL/);
});

test('Method, path, headers with duplicates, body and status pass through; X-Forwarded-* is added', async () => {
  const { upstream } = await serve((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      response.writeHead(418, 'Short and stout', {
        'Set-Cookie': ['a=1', 'b=2'],
        'X-Mine': 'yes',
        'Keep-Alive': 'timeout=1',
      });
      const { method, url, headers, rawHeaders } = incoming;
      response.end(JSON.stringify({ method, url, headers, rawHeaders, body }));
    });
  });
  const { port } = await open(upstream);
  const answer = await get(port, '/a%20b?c=d', {
    method: 'PUT',
    body: 'hello',
    headers: { Host: 'shop.example', 'X-Forwarded-For': '10.1.2.3', 'X-Gone': '1', Connection: 'close, X-Gone' },
  });
  const seen = JSON.parse(answer.body);
  expect(answer.status).toBe(418);
  expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
  expect(answer.headers['x-mine']).toBe('yes');
  expect(answer.headers['keep-alive']).not.toBe('timeout=1');
  expect(seen).toMatchObject({ method: 'PUT', url: '/a%20b?c=d', body: 'hello' });
  expect(seen.headers).toMatchObject({
    host: 'shop.example',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'shop.example',
    'x-forwarded-port': String(port),
  });
  expect(seen.headers['x-gone']).toBeUndefined();
});

test('Bodies stream both ways before either side has ended', async () => {
  const { upstream } = await serve((incoming, response) => {
    response.writeHead(200);
    incoming.pipe(response);
  });
  const { port } = await open(upstream);
  const outgoing = request({ host: '127.0.0.1', port, method: 'POST', agent: false });
  outgoing.write('one');
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(String((await once(answer, 'data'))[0])).toBe('one');
  outgoing.write('two');
  expect(String((await once(answer, 'data'))[0])).toBe('two');
  outgoing.end();
  await once(answer, 'end');
});

test('A GET with a chunked body keeps its framing', async () => {
  const bodies: string[] = [];
  const { upstream } = await serve((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      bodies.push(`${incoming.url} ${body}`);
      response.end('ok');
    });
  });
  const { port } = await open(upstream);
  const headers = { 'Transfer-Encoding': 'chunked' };
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  expect((await get(port, '/first', { headers, body: smuggled })).body).toBe('ok');
  expect((await get(port, '/second')).body).toBe('ok');
  expect(bodies).toEqual([`/first ${smuggled}`, '/second ']);
});

test('Trailers pass through', async () => {
  const { upstream } = await serve((_, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' });
    response.write('body');
    response.addTrailers({ 'X-Sum': '42' });
    response.end();
  });
  const { port } = await open(upstream);
  const outgoing = request({ host: '127.0.0.1', port, agent: false }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  expect(answer.trailers).toEqual({ 'x-sum': '42' });
});

test('A client that goes away ends the request at the release', async () => {
  let closed = false;
  const { upstream } = await serve((_, response) => {
    response.writeHead(200);
    response.write('first');
    response.once('close', () => {
      closed = true;
    });
  });
  const { port } = await open(upstream, { halfClosedMs: 100 });
  const outgoing = request({ host: '127.0.0.1', port, agent: false }).end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(answer, 'data');
  expect(upstream.inFlight).toBe(1);
  outgoing.on('error', () => undefined);
  answer.on('error', () => undefined);
  outgoing.destroy();
  await waitFor('the release to see it', () => closed);
  expect(upstream.inFlight).toBe(0);
});

test('A release that breaks off breaks the client off too, instead of a body that looks whole', async () => {
  const { upstream } = await serve((_, response) => {
    response.writeHead(200);
    response.write('half');
    setTimeout(() => response.destroy(), 20);
  });
  const { port } = await open(upstream);
  await expect(get(port, '/')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
});

test('A kept connection that the release closes is never the client’s problem', async () => {
  const { server, upstream } = await serve((_, response) => response.end('ok'));
  const { port } = await open(upstream);
  const agent = new Agent({ keepAlive: true });
  for (let round = 0; round < 30; round += 1) {
    expect((await get(port, '/', { agent })).body).toBe('ok');
    server.closeIdleConnections();
  }
  agent.destroy();
});

test('A WebSocket-like upgrade is joined both ways and outlives a switch', async () => {
  const { server, upstream } = await serve((_, response) => response.end());
  server.on('upgrade', (incoming, socket, head) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${incoming.headers.upgrade}\r\n\r\n`,
    );
    socket.write(head);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  const forwarder = await open(upstream);
  const socket = connect(forwarder.port, '127.0.0.1');
  socket.write('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ');
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  await waitFor('the early bytes', () => text.endsWith('early '));
  expect(text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
  expect(text).toMatch(/\r\nUpgrade: echo\r\n/);
  forwarder.switchTo(undefined);
  socket.write('later');
  await waitFor('the later bytes', () => text.endsWith('early later'));
  expect(upstream.inFlight).toBe(1);
  socket.destroy();
  await waitFor('the release to be free', () => upstream.inFlight === 0);
});

test('A release that does not upgrade answers plainly', async () => {
  const { upstream } = await serve((_, response) => response.end('just text'));
  const { port } = await open(upstream);
  const answer = await get(port, '/', { headers: { Connection: 'Upgrade', Upgrade: 'h2c' } });
  expect(answer).toMatchObject({ status: 200, body: 'just text' });
});

test('Under 50 keep-alive clients and 20 switches nothing is dropped, and clients keep their connections', async () => {
  const releases = await Promise.all(
    ['a', 'b'].map((name) => serve((_, response) => setTimeout(() => response.end(name), 5))),
  );
  const [a, b] = releases.map(({ upstream }) => upstream) as [Upstream, Upstream];
  const forwarder = await open(a);
  const polling = poll(forwarder.port, '/', { clients: 50, keepAlive: true });
  for (let round = 0; round < 20; round += 1) {
    await sleep(30);
    const before = forwarder.switchTo(round % 2 === 0 ? b : a) as Upstream;
    await before.drain(10_000);
    expect(before.inFlight).toBe(0);
  }
  await polling.stop();
  expect(polling.errors).toEqual([]);
  expect(new Set(polling.answers)).toEqual(new Set(['a', 'b']));
});

test('Draining waits for requests in flight, and no longer than its limit', async () => {
  const { upstream } = await serve((_, response) => void setTimeout(() => response.end('done'), 300));
  const forwarder = await open(upstream);
  const answer = get(forwarder.port, '/');
  await waitFor('the request to arrive', () => upstream.inFlight === 1);
  const started = Date.now();
  await upstream.drain(50);
  expect(Date.now() - started).toBeLessThan(250);
  await upstream.drain(10_000);
  expect(Date.now() - started).toBeGreaterThan(200);
  expect((await answer).body).toBe('done');
});

test('Closing lets a request finish and then frees the port at once, with keep-alive clients connected', async () => {
  const { upstream } = await serve((_, response) => void setTimeout(() => response.end('done'), 200));
  const forwarder = await open(upstream);
  const agent = new Agent({ keepAlive: true });
  const answer = get(forwarder.port, '/', { agent });
  await waitFor('the request to arrive', () => upstream.inFlight === 1);
  const started = Date.now();
  await forwarder.close(5000);
  expect((await answer).body).toBe('done');
  expect(Date.now() - started).toBeLessThan(2000);
  agent.destroy();
  cleanUps.pop();
  const again = await openForwarder('127.0.0.1', forwarder.port);
  await again.close(0);
});
