import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { releaseAt } from '../../src/flows/deploy/release-at.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function answering(answer: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    stops.push(() => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}

it.each([
  ['{"release":"abc123"}', 'release abc123'],
  ['{"release":"a\\u0000b"}', 'release "a\\u0000b"'],
  [`{"release":"${'x'.repeat(500)}"}`, `release "${'x'.repeat(99)}`],
  ['{"release":{"toString":1}}', 'release {"toString":1}'],
  ['null', 'release undefined'],
  ['\0secret', 'no JSON'],
])('An answer %j names %j', async (body, expected) => {
  const url = await answering((socket) => void socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`));
  expect(await releaseAt(url)).toBe(expected);
});

it.each([
  ['HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['HTTP/1.1 302 F\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n'],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ['HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}'],
])('A malformed answer %j is said to be one', async (bytes) => {
  const url = await answering((socket) => void socket.end(bytes));
  expect(await releaseAt(url)).toMatch(/^[\x20-\x7e]+$/);
});

it('An endless answer is given up', async () => {
  const url = await answering((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const send = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, ' ')));
    };
    socket.on('drain', send);
    send();
  });
  const startedMs = performance.now();
  expect(await releaseAt(url)).toBe('its answer is longer than 64 KiB');
  expect(performance.now() - startedMs).toBeLessThan(2000);
});
