import { expect, test } from 'vitest';
import { endToEndHeaders, hasBody, passableTrailers, requestHeaders } from '../../src/forwarder/forward-headers.js';

const client = { remoteAddress: '127.0.0.1', localAddress: '127.0.0.2', localPort: 18000 };

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

test('What a client says about itself and its way here is replaced by what is known here', () => {
  const invented = [
    ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix'],
    ...[
      'X-Forwarded-Server',
      'X-Forwarded-Ssl',
      'X-Forwarded',
      'Forwarded',
      'X-Real-IP',
      'x_forwarded_for',
      'X_Real-IP',
    ],
    ...['Client-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Original-URL', 'X-Rewrite-URL', 'Front-End-Https'],
    ...['Forwarded-For', 'X-Envoy-External-Address', 'WL-Proxy-Client-IP', 'X-Host', 'Proxy', 'HTTP2-Settings'],
    ...['Transfer_Encoding', 'Content_Length', 'Proxy_Connection'],
  ];
  const raw = ['Host', 'shop', ...invented.flatMap((name) => [name, '10.0.0.1']), 'X-Forward', 'mine'];
  expect(requestHeaders(raw, client)).toEqual([
    ...['Host', 'shop', 'X-Forward', 'mine'],
    ...['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'http'],
    ...['X-Forwarded-Host', 'shop', 'X-Forwarded-Port', '18000'],
  ]);
});

test('Trailers that would change framing, routing or rights stay behind', () => {
  const raw = [
    'X-Sum',
    '1',
    'Content-Length',
    '3',
    'Host',
    'x',
    'Cookie',
    'a',
    'X-Real_IP',
    '1',
    'Content-Digest',
    'd',
  ];
  expect(passableTrailers(raw)).toEqual([
    ['X-Sum', '1'],
    ['Content-Digest', 'd'],
  ]);
});

test('Trailer is named only where there are chunks', () => {
  expect(endToEndHeaders(['Trailer', 'X-Sum', 'Content-Length', '3'])).toEqual(['Content-Length', '3']);
  expect(endToEndHeaders(['Trailer', 'X-Sum', 'Transfer-Encoding', 'chunked'])).toEqual(['Trailer', 'X-Sum']);
});

test('A client that names no host gets one', () => {
  expect(requestHeaders([], client).slice(0, 2)).toEqual(['Host', '127.0.0.2:18000']);
});

test('A body of unknown length stays chunked', () => {
  expect(requestHeaders(['Host', 'x', 'transfer-encoding', 'chunked'], client)).toContain('Transfer-Encoding');
});

test.each([
  [[], false],
  [['Content-Length', '0'], false],
  [['Content-Length', '5'], true],
  [['Transfer-Encoding', 'chunked'], true],
])('%j has a body: %s', (raw, expected) => {
  expect(hasBody(raw)).toBe(expected);
});
