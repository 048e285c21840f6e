import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { endToEndHeaders, hasBody, requestHeaders, valuesOf } from './forward-headers.js';
import type { Upstream } from './upstream.js';

/** Passes an upgrade (a WebSocket, say) to a release and, once it agrees, joins the two connections. */
export function forwardUpgrade(
  incoming: IncomingMessage,
  client: Duplex,
  head: Buffer,
  upstream: Upstream | undefined,
): void {
  client.on('error', () => client.destroy());
  if (!upstream) {
    refuse(client, 503, 'No release is running on this port yet: it is starting or restarting. Try again shortly.');
    return;
  }
  if (hasBody(incoming.rawHeaders)) {
    refuse(client, 400, 'A request with a body cannot be upgraded: send it without an Upgrade header.');
    return;
  }
  client.once('close', upstream.begin());
  const { remoteAddress, localAddress, localPort } = incoming.socket;
  const forward = request({
    host: upstream.host,
    port: upstream.port,
    method: incoming.method,
    path: incoming.url,
    agent: false,
    headers: [
      ...requestHeaders(incoming.rawHeaders, { remoteAddress, fallbackHost: `${localAddress}:${localPort}` }),
      'Connection',
      'Upgrade',
      'Upgrade',
      valuesOf(incoming.rawHeaders, 'upgrade').join(', '),
    ],
  });
  client.once('close', () => forward.destroy());
  forward.on('error', () =>
    refuse(client, 502, 'The release does not answer: it stopped or is restarting. Try again shortly.'),
  );
  forward.once('upgrade', (answer, release, first) => {
    client.write(headOf(answer, ['Connection', 'Upgrade', 'Upgrade', String(answer.headers.upgrade ?? '')]));
    if (first.length > 0) client.write(first);
    if (head.length > 0) release.write(head);
    release.on('error', () => client.destroy());
    release.once('close', () => client.destroy());
    client.once('close', () => release.destroy());
    release.pipe(client).pipe(release);
  });
  // The release does not upgrade: its plain answer ends with the connection.
  forward.once('response', (answer) => {
    client.write(headOf(answer, ['Connection', 'close']));
    answer.once('error', () => client.destroy());
    answer.pipe(client);
  });
  forward.end();
}

function headOf(answer: IncomingMessage, extra: readonly string[]): string {
  const status = answer.statusCode ?? 502;
  const headers = [...endToEndHeaders(answer.rawHeaders), ...extra];
  const lines = headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []));
  return [`HTTP/1.1 ${status} ${answer.statusMessage || STATUS_CODES[status]}`, ...lines, '', ''].join('\r\n');
}

function refuse(client: Duplex, status: number, sentence: string): void {
  if (client.destroyed || client.writableEnded) return;
  const body = `${sentence}\n`;
  const headers = ['Content-Type: text/plain; charset=utf-8', `Content-Length: ${Buffer.byteLength(body)}`];
  client.end(
    [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, 'Connection: close', '', body].join('\r\n'),
    () => client.destroy(),
  );
}
