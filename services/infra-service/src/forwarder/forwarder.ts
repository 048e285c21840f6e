import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import type { Upstream } from './upstream.js';

/** The allocated port of a project: answers for whichever release is current. */
export interface Forwarder {
  readonly host: string;
  readonly port: number;
  readonly current: Upstream | undefined;
  /** From the next request on, this release answers; clients' connections stay open. Gives back the one before. */
  switchTo(upstream: Upstream | undefined): Upstream | undefined;
  /** Stops listening, lets requests finish for so long, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** Somebody else listens on the port. */
export class PortInUseError extends Error {
  constructor(host: string, port: number) {
    super(`port ${port} on ${host} is taken by another process: allocate another port, or stop that process`);
    this.name = 'PortInUseError';
  }
}

/**
 * Listens on a port and forwards to the current release. Without one, it answers 503 with a sentence.
 * @throws {PortInUseError}
 */
export async function openForwarder(host: string, port: number): Promise<Forwarder> {
  let current: Upstream | undefined;
  const upgraded = new Set<Duplex>();
  // Long uploads and long polls are the release's own business: no limit on a whole request.
  const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 });
  server.on('request', (incoming, outgoing) => forwardRequest(incoming, outgoing, () => current));
  server.on('upgrade', (incoming, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    forwardUpgrade(incoming, socket, head, current);
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUseError(host, port);
    throw error;
  }
  return {
    host,
    port,
    get current() {
      return current;
    },
    switchTo: (upstream) => {
      const before = current;
      current = upstream;
      return before;
    },
    close: async (graceMs) => {
      const closed = once(server, 'close');
      server.close();
      // A connection that was busy at that moment becomes idle later, and would be kept for a next request.
      const sweep = setInterval(() => server.closeIdleConnections(), 25);
      const cut = setTimeout(() => {
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(cut);
      clearInterval(sweep);
    },
  };
}
