import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { endToEndHeaders, hasBody, requestHeaders } from './forward-headers.js';
import type { Upstream } from './upstream.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Passes one request to the current release and its answer back, both as streams.
 *
 * A kept connection may be closed by the release just as a request is written to it. So only requests that may be
 * repeated without harm use one, and are repeated once on a fresh connection; all others get a fresh one at once.
 */
export function forwardRequest(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  current: () => Upstream | undefined,
): void {
  const upstream = current();
  if (!upstream) {
    refuse(outgoing, 503, 'No release is running on this port yet: it is starting or restarting. Try again shortly.');
    return;
  }
  const repeatable = SAFE_METHODS.has(incoming.method ?? '') && !hasBody(incoming.rawHeaders);
  send(incoming, outgoing, upstream, repeatable, () => send(incoming, outgoing, current() ?? upstream, false));
}

function send(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: Upstream,
  reuseConnection: boolean,
  again?: () => void,
): void {
  const end = upstream.begin();
  const { forward, error } = open(incoming, upstream, reuseConnection);
  if (!forward) {
    end();
    refuse(outgoing, 400, `This request cannot be forwarded: ${error}`);
    return;
  }
  const closed = () => {
    end();
    // The client went away: the release need not go on.
    if (!outgoing.writableFinished) forward.destroy();
  };
  outgoing.once('close', closed);
  forward.on('error', () => {
    end();
    if (outgoing.destroyed || outgoing.headersSent) return;
    if (again && forward.reusedSocket) {
      outgoing.off('close', closed);
      again();
      return;
    }
    incoming.unpipe(forward);
    refuse(outgoing, 502, 'The release does not answer: it stopped or is restarting. Try again shortly.');
  });
  forward.once('response', (answer) => relay(answer, outgoing));
  if (hasBody(incoming.rawHeaders)) incoming.pipe(forward);
  else forward.end();
}

function open(
  incoming: IncomingMessage,
  upstream: Upstream,
  reuseConnection: boolean,
): { forward?: ClientRequest; error?: string } {
  const client = {
    remoteAddress: incoming.socket.remoteAddress,
    fallbackHost: `${incoming.socket.localAddress}:${incoming.socket.localPort}`,
  };
  try {
    return {
      forward: request({
        host: upstream.host,
        port: upstream.port,
        method: incoming.method,
        path: incoming.url,
        headers: requestHeaders(incoming.rawHeaders, client),
        agent: reuseConnection ? upstream.agent : false,
      }),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function relay(answer: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEndHeaders(answer.rawHeaders));
  // Headers go out before the first byte of the body, so that event streams open at once.
  outgoing.flushHeaders();
  answer.once('end', () => {
    if (answer.rawTrailers.length > 0) outgoing.addTrailers(pairs(answer.rawTrailers));
  });
  // A release that breaks off in the middle breaks the client's connection: a cut body must not look whole.
  pipeline(answer, outgoing, () => undefined);
}

function pairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, raw[index + 1] ?? '']] : []));
}

function refuse(outgoing: ServerResponse, status: number, sentence: string): void {
  if (outgoing.destroyed || outgoing.headersSent) return;
  outgoing.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(`${sentence}\n`),
    ...(status >= 500 ? { 'retry-after': '1' } : {}),
  });
  outgoing.end(`${sentence}\n`);
}
