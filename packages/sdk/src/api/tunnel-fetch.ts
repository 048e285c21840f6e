import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { OrchestratorError } from '../errors.js';
import { type Fetch, responseTo } from './fetch.js';

/**
 * A client that goes through an HTTP proxy: a tunnel (CONNECT) for each request, also for `http:` addresses, so that the
 * proxy sees no token. An abort closes the tunnel, however far it has come.
 */
export function tunnelFetch(proxy: URL, trust?: SecureContext): Fetch {
  return async (address, request) => {
    const url = new URL(address);
    const socket = await tunnel(proxy, url, request.signal);
    return await responseTo(url, request, {
      createConnection: () => (isTls(url) ? secured(socket, url, trust) : socket),
    });
  };
}

function isTls({ protocol }: URL): boolean {
  return protocol === 'https:';
}

/** A connection to the address's host and port, made by the proxy. */
async function tunnel(proxy: URL, { hostname, port, protocol }: URL, signal: AbortSignal): Promise<Duplex> {
  const target = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  const credentials = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  const options: RequestOptions = {
    method: 'CONNECT',
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (isTls(proxy) ? 443 : 80),
    path: target,
    agent: false,
    signal,
    headers: {
      host: target,
      ...(credentials !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
  };
  return await new Promise((resolve, reject) => {
    const asked = (isTls(proxy) ? requestHttps : requestHttp)(options);
    asked.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return resolve(closingWith(signal, socket));
      socket.destroy();
      reject(refused(proxy, statusCode));
    });
    asked.once('response', ({ statusCode }) => {
      asked.destroy();
      reject(refused(proxy, statusCode));
    });
    asked.on('error', (error) => reject(signal.aborted ? error : unreachable(proxy, error)));
    asked.end();
  });
}

/** A part of an address as it is meant; a bare % stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Between the tunnel and the request that takes it over, nobody else would close it. */
function closingWith(signal: AbortSignal, socket: Duplex): Duplex {
  const close = () => void socket.destroy();
  if (signal.aborted) close();
  signal.addEventListener('abort', close, { once: true });
  // Nobody else listens yet; the request fails with what it finds.
  socket.on('error', () => undefined);
  socket.once('close', () => signal.removeEventListener('abort', close));
  return socket;
}

function secured(socket: Duplex, { hostname }: URL, trust: SecureContext | undefined): Duplex {
  const host = hostname.replace(/^\[|\]$/g, '');
  return connectTls({
    ...{ socket, host },
    ...(isIP(host) === 0 && { servername: host }),
    ...(trust && { secureContext: trust }),
  });
}

function unreachable({ host }: URL, cause: NodeJS.ErrnoException): Error {
  return new Error(`the proxy ${host} of the environment cannot be reached (${cause.code})`, { cause });
}

function refused({ host }: URL, status: number | undefined): Error {
  if (status === 407) {
    const message = `the proxy ${host} asks for a login (HTTP 407): put user and password into the proxy's address`;
    return new OrchestratorError('NOT_CONFIGURED', message);
  }
  return new Error(`the proxy ${host} makes no connection (HTTP ${status})`);
}
