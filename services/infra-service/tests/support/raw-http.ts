import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import type { ForwarderShares } from '../../src/forwarder/fair-shares.js';
import { type Forwarder, openForwarder } from '../../src/forwarder/forwarder.js';
import type { ForwarderLimits } from '../../src/forwarder/limits.js';
import { Upstream } from '../../src/forwarder/upstream.js';

const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

export interface RawRelease {
  readonly upstream: Upstream;
  /** Connections that are open now. */
  readonly sockets: Set<Socket>;
}

/** A release that is written byte by byte: told of each request's head, as soon as that is there. */
export async function rawRelease(onHead: (socket: Socket, head: string) => void): Promise<RawRelease> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let text = '';
    const read = (data: Buffer) => {
      text += data.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', read);
      onHead(socket, text);
    };
    socket.on('data', read);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { upstream: new Upstream('127.0.0.1', (server.address() as AddressInfo).port), sockets };
}

export interface LogLine {
  readonly message: string;
  readonly [name: string]: unknown;
}

/** A forwarder before a release, and what it logs. */
export async function forwarderTo(
  upstream: Upstream | undefined,
  limits: Partial<ForwarderLimits> = {},
  shares?: ForwarderShares,
): Promise<{ forwarder: Forwarder; port: number; log: LogLine[] }> {
  const log: LogLine[] = [];
  const keep = (bindings: object, message: string) => void log.push({ ...bindings, message });
  const logger = { debug: keep, info: keep, warn: keep, error: keep };
  const forwarder = await openForwarder('127.0.0.1', await freePort(), { logger, limits, shares });
  cleanUps.push(() => forwarder.close(0));
  forwarder.switchTo(upstream);
  return { forwarder, port: forwarder.port, log };
}

/** Everything that comes back for these bytes until the connection ends, or for so long. */
export function rawAsk(port: number, bytes: string, { forMs = 5000, halfClose = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: halfClose });
    let text = '';
    const timer = setTimeout(() => socket.destroy(), forMs);
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.once('end', () => socket.end());
    socket.write(Buffer.from(bytes, 'latin1'));
    if (halfClose) socket.end();
  });
}

/** The head of a request that ends its connection. */
export function requestHead(first: string, ...headers: string[]): string {
  return [`${first} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');
}
