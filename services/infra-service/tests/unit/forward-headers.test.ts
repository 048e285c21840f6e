import { expect, test } from 'vitest';
import { endToEndHeaders, hasBody, requestHeaders } from '../../src/forwarder/forward-headers.js';

const client = { remoteAddress: '127.0.0.1', fallbackHost: '127.0.0.1:18000' };

test('Headers of one connection, and those that Connection names, do not pass', () => {
  const raw = ['Connection', 'close, X-Private', 'X-Private', '1', 'Upgrade', 'h2c', 'TE', 'gzip', 'Accept', '*/*'];
  expect(endToEndHeaders(raw)).toEqual(['Accept', '*/*']);
});

test('Duplicates keep their order', () => {
  const raw = ['Set-Cookie', 'a=1', 'X', 'y', 'Set-Cookie', 'b=2'];
  expect(endToEndHeaders(raw)).toEqual(raw);
});

test('Connection cannot remove what frames or addresses the message', () => {
  const raw = ['Connection', 'content-length, host', 'Content-Length', '3', 'Host', 'x'];
  expect(endToEndHeaders(raw)).toEqual(['Content-Length', '3', 'Host', 'x']);
});

test('The client’s address joins those before it', () => {
  const headers = requestHeaders(['Host', 'shop', 'X-Forwarded-For', '10.0.0.1', 'X-Forwarded-Proto', 'https'], client);
  expect(headers).toEqual([
    'Host',
    'shop',
    'X-Forwarded-Proto',
    'https',
    'X-Forwarded-For',
    '10.0.0.1, 127.0.0.1',
    'X-Forwarded-Host',
    'shop',
  ]);
});

test('A client that names no host gets one', () => {
  expect(requestHeaders([], client).slice(0, 2)).toEqual(['Host', '127.0.0.1:18000']);
});

test('A body of unknown length stays chunked', () => {
  expect(requestHeaders(['Host', 'x', 'transfer-encoding', 'gzip, chunked'], client)).toContain('Transfer-Encoding');
});

test.each([
  [[], false],
  [['Content-Length', '0'], false],
  [['Content-Length', '5'], true],
  [['Transfer-Encoding', 'chunked'], true],
])('%j has a body: %s', (raw, expected) => {
  expect(hasBody(raw)).toBe(expected);
});
