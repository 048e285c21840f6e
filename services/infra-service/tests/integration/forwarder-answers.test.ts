import { expect, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { get } from '../support/clients.js';
import { forwarderTo, rawAsk, rawRelease, requestHead } from '../support/raw-http.js';

const UPGRADE = ['GET /chat HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: echo', '', ''].join('\r\n');

/** A forwarder before a release that gives one answer to `/bad`, and a good one to everything else. */
async function answering(bytes: string, more?: { readonly after: string }) {
  const release = await rawRelease((socket, head) => {
    if (!head.includes(' /bad') && !head.includes(' /chat')) {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood');
      return;
    }
    socket.write(Buffer.from(bytes, 'latin1'));
    if (more) setTimeout(() => socket.write(Buffer.from(more.after, 'latin1')), 20);
  });
  return { ...release, ...(await forwarderTo(release.upstream)) };
}

const unpassable = [
  ['a status below 100', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
  ['the status 000', 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n'],
  ['control bytes in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
  ['an escape sequence in its reason', 'HTTP/1.1 200 \x1b[2J\r\nContent-Length: 0\r\n\r\n'],
  ['control bytes in a header', 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
  ['a space in the name of a header', 'HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a coding that is not known here', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a head without an end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a protocol nobody asked for', 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['101 without a protocol', 'HTTP/1.1 101 Switching\r\n\r\n'],
  ['interim answers without end', 'HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n'.repeat(500)],
  ['too many interim answers', `${'HTTP/1.1 103 E\r\n\r\n'.repeat(40)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`],
] as const;

test.each(unpassable)('An answer with %s is 502 for its client alone', async (_, bytes) => {
  const { port, log, upstream, sockets } = await answering(bytes);
  const answer = await get(port, '/bad?token=t0p');
  expect(answer.status).toBe(502);
  expect(answer.body).toMatch(/^The release .+\.\n$/);
  expect(log).toHaveLength(1);
  expect(log[0]).toMatchObject({
    message: 'request failed',
    method: 'GET',
    path: '/bad',
    port,
    reason: expect.any(String),
  });
  expect(JSON.stringify(log)).not.toContain('t0p');
  expect((await get(port, '/')).body).toBe('good');
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});

test.each(unpassable.filter(([what]) => !what.includes('protocol')))(
  'An upgrade answered with %s is 502, and nothing of it gets through',
  async (_, bytes) => {
    const { port, log, upstream, sockets } = await answering(bytes);
    const text = await rawAsk(port, UPGRADE);
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[\x20-\x7e\r\n]*\r\n\r\nThe release .+\.\n$/);
    expect(log).toHaveLength(1);
    await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
  },
);

test.each([
  ['to another protocol', 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'],
  ['with control bytes', 'HTTP/1.1 101 S\x7f\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'],
  ['to no protocol', 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\n\r\n'],
])('An upgrade %s is 502', async (_, bytes) => {
  const { port, upstream, sockets } = await answering(bytes);
  expect(await rawAsk(port, UPGRADE)).toMatch(/^HTTP\/1\.1 502 /);
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});

test.each([
  [
    'a trailer with control bytes',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
    '0\r\nX: \x01\r\n\r\n',
  ],
  ['a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 'zzz\r\n'],
])('An answer that goes on with %s is cut', async (_, bytes, after) => {
  const { port, log, upstream, sockets } = await answering(bytes, { after });
  const text = await rawAsk(port, requestHead('GET /bad'));
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text).not.toMatch(/\r\n0\r\n/);
  expect(log).toHaveLength(1);
  await waitFor('nothing to be left', () => upstream.inFlight === 0 && sockets.size === 0);
});

test('What is odd but can be passed on, is', async () => {
  const odd = 'HTTP/1.1 999 \r\nX: caf\xe9\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok';
  const { port } = await answering(odd);
  const text = await rawAsk(port, requestHead('GET /bad'));
  expect(text).toMatch(/^HTTP\/1\.1 999 /);
  expect(text).toContain('\r\nX: caf\xe9\r\n');
  expect(text).toMatch(/\r\n\r\nok$/);
});

test('A 204 that names a length is passed on without it', async () => {
  const { port } = await answering('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
  const text = await rawAsk(port, requestHead('GET /bad'));
  expect(text).toMatch(/^HTTP\/1\.1 204 /);
  expect(text).not.toMatch(/content-length/i);
});

test('Of many failures ten are logged one by one, the others as a number', async () => {
  const { forwarder, port, log } = await answering('HTTP/1.1 099 X\r\n\r\n');
  await Promise.all(Array.from({ length: 50 }, () => get(port, '/bad')));
  expect(log).toHaveLength(10);
  await forwarder.close(0);
  expect(log.at(-1)).toMatchObject({ message: 'more requests failed', more: 40, port });
});
