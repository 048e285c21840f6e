import { expect, test } from 'vitest';
import { checkHealth } from '../../src/releases/check-health.js';
import { rawRelease } from '../support/raw-http.js';

test.each([
  ['switches to another protocol', 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['has a status below 100', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['has control bytes in its head', 'HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n'],
  ['has a malformed trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \x01\r\n\r\n'],
  ['is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{'],
  ['never ends', `HTTP/1.1 200 OK\r\n\r\n${' '.repeat(200_000)}`],
  ['never comes', ''],
])('An answer to GET /health that %s is no health, and the wait ends', async (_, bytes) => {
  const { upstream } = await rawRelease((socket) => {
    socket.write(bytes);
    if (bytes.endsWith('{')) socket.end();
  });
  const startedMs = performance.now();
  expect(await checkHealth(upstream.host, upstream.port, 'abc', 1000)).toMatch(/^GET \/health [\x20-\x7e]+$/);
  expect(performance.now() - startedMs).toBeLessThan(3000);
});
