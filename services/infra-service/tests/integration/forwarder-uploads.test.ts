import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { forwarderTo, rawAsk, rawRelease } from '../support/raw-http.js';

const ANSWER = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n';
/** Of each kind; more of them show rarer losses. */
const TIMES = Number(process.env.FORWARDER_UPLOADS ?? 6);

/** How a release ends its connection with an upload still on its way: what it has not read becomes a reset. */
const releases: Record<string, (socket: Socket) => void> = {
  'closes at once': (socket) => {
    socket.write(`${ANSWER}Connection: close\r\n\r\ntoo much`, () => socket.destroy());
  },
  'closes without having said so': (socket) => {
    socket.write(`${ANSWER}\r\ntoo much`, () => socket.destroy());
  },
  'answers late': (socket) => {
    socket.pause();
    setTimeout(() => socket.write(`${ANSWER}\r\ntoo much`, () => socket.destroy()), 15);
  },
  'answers in two pieces': (socket) => {
    socket.write(ANSWER);
    setTimeout(() => socket.write('\r\ntoo much', () => socket.destroy()), 5);
  },
  'closes its side alone': (socket) => void socket.pause().end(`${ANSWER}\r\ntoo much`),
  'keeps the connection and reads nothing': (socket) => void socket.pause().write(`${ANSWER}\r\ntoo much`),
};

/** Sends the whole upload, and only then looks for an answer. */
async function sendAllThenRead(port: number, size: number, headers: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  let broken: unknown;
  socket.on('error', (error) => {
    broken = error;
  });
  socket.write(['POST /files HTTP/1.1', 'Host: x', `Content-Length: ${size}`, ...headers, '', ''].join('\r\n'));
  socket.write(Buffer.alloc(size), () => socket.resume());
  let text = '';
  socket.on('data', (data) => {
    text += data;
    if (text.endsWith('too much')) socket.destroy();
  });
  await once(socket, 'close');
  return text || String(broken);
}

/** As most clients do: reads while it sends. */
function upload(port: number, size: number, headers: Record<string, string>, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path: '/files', headers, agent }, (answer) => {
      let body = '';
      answer.on('data', (data) => {
        body += data;
      });
      answer.once('error', (error) => resolve(String(error)));
      answer.once('end', () => resolve(`${answer.statusCode} ${body}`));
    });
    outgoing.once('error', (error) => resolve(String(error)));
    outgoing.flushHeaders();
    const send = () => outgoing.end(Buffer.alloc(size));
    if (headers.Expect) outgoing.once('continue', send);
    else send();
  });
}

/** Bytes of the body that came with the head. */
function bodyIn(head: string): number {
  return head.length - head.indexOf('\r\n\r\n') - 4;
}

function tally(answers: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

test.each(Object.entries(releases))(
  'A release that %s before it has read an upload: its answer arrives',
  async (_, end) => {
    const release = await rawRelease((socket) => end(socket));
    const { port, log } = await forwarderTo(release.upstream);
    const agent = new Agent({ keepAlive: true });
    const answers: string[] = [];
    for (const size of [300_000, 3_000_000]) {
      for (let round = 0; round < TIMES; round += 1) {
        const length = round % 2 === 0 ? { 'Content-Length': String(size) } : { 'Transfer-Encoding': 'chunked' };
        answers.push(await upload(port, size, length, agent));
        answers.push(await upload(port, size, length, false));
      }
    }
    agent.destroy();
    expect(tally(answers)).toEqual({ '413 too much': 4 * TIMES });
    expect(log).toEqual([]);
    // One that does not read does not see its connection end.
    for (const socket of release.sockets) socket.resume();
    await waitFor('nothing to be left', () => release.upstream.inFlight === 0 && release.sockets.size === 0);
  },
);

test.each([['Connection: close'], ['Connection: keep-alive']])(
  'A client with %s that sends all before it reads gets the early answer',
  async (connection) => {
    const release = await rawRelease((socket) => releases['closes at once']?.(socket));
    const { port } = await forwarderTo(release.upstream);
    const answers: string[] = [];
    for (const size of [300_000, 3_000_000]) {
      for (let round = 0; round < TIMES; round += 1) {
        answers.push((await sendAllThenRead(port, size, [connection])).slice(0, 12));
      }
    }
    expect(tally(answers)).toEqual({ 'HTTP/1.1 413': 2 * TIMES });
  },
);

test('The forwarder’s own refusals reach a client in the middle of its upload too', async () => {
  const { port } = await forwarderTo(undefined);
  const answers: string[] = [];
  for (let round = 0; round < TIMES; round += 1) {
    answers.push((await sendAllThenRead(port, 3_000_000, ['Connection: close', 'X: too much'])).slice(0, 12));
  }
  expect(tally(answers)).toEqual({ 'HTTP/1.1 503': TIMES });
});

test('Expect: 100-continue is the release’s to answer: a refusal comes before the body is sent', async () => {
  const release = await rawRelease((socket) => socket.end(`${ANSWER}\r\ntoo much`));
  const { port } = await forwarderTo(release.upstream);
  const head = 'POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\nExpect: 100-continue\r\n\r\n';
  const text = await rawAsk(port, head);
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  // The body may come now or never: the connection cannot be used for another request.
  expect(text).toMatch(/\r\nConnection: close\r\n/);
  expect(text).toMatch(/\r\n\r\ntoo much$/);
});

test('Expect: 100-continue: the release’s go-ahead is passed on, and without one the forwarder gives it', async () => {
  const heads: string[] = [];
  const release = await rawRelease((socket, head) => {
    heads.push(head);
    if (head.includes('/asks')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    let read = bodyIn(head);
    socket.on('data', (data) => {
      read += data.length;
      if (read === 300_000) socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread`);
    });
  });
  const { port } = await forwarderTo(release.upstream, { continueMs: 50 });
  for (const path of ['/asks', '/is-silent']) {
    const headers = { Expect: '100-continue', 'Content-Length': '300000' };
    const outgoing = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false });
    outgoing.flushHeaders();
    await once(outgoing, 'continue');
    outgoing.end(Buffer.alloc(300_000));
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.resume();
  }
  expect(heads.map((head) => /\r\nExpect: 100-continue\r\n/i.test(head))).toEqual([true, true]);
});

test('A release that answers early and reads on gets the whole upload', async () => {
  let read = 0;
  const release = await rawRelease((socket, head) => {
    read = bodyIn(head);
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n');
    socket.on('data', (data) => {
      read += data.length;
      if (read < 3_000_000) return;
      socket.end('0\r\n\r\n');
    });
  });
  const { port } = await forwarderTo(release.upstream);
  expect(await upload(port, 3_000_000, { 'Content-Length': '3000000' }, false)).toBe('200 yes');
  expect(read).toBe(3_000_000);
});

test('What is left of an answered upload is read for a while, not for ever', async () => {
  const release = await rawRelease((socket) => releases['closes at once']?.(socket));
  const { port } = await forwarderTo(release.upstream, { lingerMs: 200 });
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  const sending = setInterval(() => socket.write('4\r\nmore\r\n'), 20);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  const started = Date.now();
  await once(socket, 'close');
  clearInterval(sending);
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  expect(Date.now() - started).toBeGreaterThan(150);
  expect(release.upstream.inFlight).toBe(0);
});
