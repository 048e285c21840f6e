import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createApi } from '../../src/api/index.js';
import { isOrchestratorError } from '../../src/errors.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function answering(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => answer(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n';

it.each([
  ['with a status below 100', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['with control bytes in its head', 'HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n'],
  ['that is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['with a malformed trailer', `${CHUNKED}0\r\nX: \x01\r\n\r\n`],
  ['that switches to another protocol', 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['that redirects to no address', 'HTTP/1.1 302 F\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n'],
])('An answer %s is an error of that call, at once', async (_, bytes) => {
  const apiUrl = await answering((socket) => void socket.write(bytes));
  const api = createApi({ apiUrl, token: 'key', retry: { attempts: 1 }, timeoutMs: 10_000 });
  const startedMs = performance.now();
  const error = await api.projects.get('blog').catch((reason: unknown) => reason);
  expect(isOrchestratorError(error)).toBe(true);
  expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/);
  expect(performance.now() - startedMs).toBeLessThan(5000);
});

it('An answer that never ends fills no memory', async () => {
  const spaces = Buffer.alloc(1 << 20, ' ');
  const apiUrl = await answering((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const send = () => {
      while (!socket.destroyed && socket.write(spaces));
    };
    socket.on('drain', send);
    send();
  });
  const api = createApi({ apiUrl, token: 'key', retry: { attempts: 1 }, timeoutMs: 30_000 });
  await expect(api.projects.get('blog')).rejects.toMatchObject({ code: 'BAD_RESPONSE' });
});
