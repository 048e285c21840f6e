import { once } from 'node:events';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Logger, silentLogger, withBindings } from '@codegen/sdk/queue';
import { requestRefusal } from './check-message.js';
import { Exchange } from './exchange.js';
import { FailureLog } from './failure-log.js';
import { FairShares, type ForwarderShares, sharesOfThisProcess } from './fair-shares.js';
import { forwardRequest } from './forward-request.js';
import { forwardUpgrade } from './forward-upgrade.js';
import { IdleWatch } from './idle-watch.js';
import { defaultLimits, type ForwarderLimits } from './limits.js';
import type { Upstream } from './upstream.js';

const CLOSE_MS = 5000;

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

export interface ForwarderOptions {
  /** Told of requests that failed; its bindings should name the project. */
  readonly logger?: Logger | undefined;
  readonly limits?: Partial<ForwarderLimits> | undefined;
  /** Of the forwarders that it stands beside. */
  readonly shares?: ForwarderShares | undefined;
}

const ofThisProcess = sharesOfThisProcess();

/**
 * Listens on a port and forwards to the current release. Without one, it answers 503 with a sentence.
 * @throws {PortInUseError}
 */
export async function openForwarder(host: string, port: number, options: ForwarderOptions = {}): Promise<Forwarder> {
  const limits = { ...defaultLimits, ...options.limits };
  const { headMs, keepAliveMs, bodyIdleMs, releaseIdleMs, halfClosedMs, unreadAnswerMs, maxConnections, maxHeadBytes } =
    limits;
  const log = new FailureLog(withBindings(options.logger ?? silentLogger, { host, port }));
  const watch = new IdleWatch(lookEvery(bodyIdleMs, releaseIdleMs, halfClosedMs, unreadAnswerMs));
  const deps = { limits, watch, report: log.report.bind(log) };
  let current: Upstream | undefined;
  const upgraded = new Set<Socket>();
  // No forwarder takes what the others need, and no client what the other clients of a forwarder need.
  const { shares = ofThisProcess } = options;
  const ofSite = (what: keyof ForwarderShares) => () => shares[what].take(`${host}:${port}`);
  const connections = new FairShares(maxConnections, ofSite('connections'));
  const requests = new FairShares(maxConnections, ofSite('requests'));
  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headMs,
    // Long uploads and long polls are the release's own business: no limit on a whole request.
    requestTimeout: 0,
    connectionsCheckingInterval: lookEvery(headMs),
    maxHeaderSize: maxHeadBytes,
    insecureHTTPParser: false,
  });
  // Node would leave out those beyond 2000 without a word; they are counted here.
  server.maxHeadersCount = 0;
  // A client that has said all it had to say may still want its answers. Node knows this setting and does not document it.
  Object.assign(server, { httpAllowHalfOpen: true });
  const begin = (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    expects: boolean,
    go: (one: Exchange) => void,
  ) => {
    const exchange = new Exchange(incoming, outgoing, deps, expects);
    exchange.attempt(() => {
      const refusal = requestRefusal(incoming, limits.maxHeaders);
      const giveBack = requests.take(incoming.socket.remoteAddress ?? '');
      if (giveBack) exchange.whenDone(giveBack);
      if (refusal) exchange.refuse(refusal.status, refusal.sentence, false);
      else if (giveBack) go(exchange);
      else exchange.refuseAsOneTooMany();
    });
  };
  const forward = (exchange: Exchange) => forwardRequest(exchange, () => current);
  server.on('request', (incoming, outgoing) => begin(incoming, outgoing, false, forward));
  server.on('checkContinue', (incoming, outgoing) => begin(incoming, outgoing, true, forward));
  server.on('upgrade', (incoming, client: Socket, head) => {
    upgraded.add(client);
    client.once('close', () => upgraded.delete(client));
    client.on('error', () => client.destroy());
    const outgoing = answerOn(client, incoming);
    if (outgoing) begin(incoming, outgoing, false, (one) => forwardUpgrade(one, client, head, current));
  });
  server.on('connection', (client: Socket) => {
    const giveBack = connections.take(client.remoteAddress ?? '');
    if (giveBack) client.once('close', giveBack);
    else {
      log.report('a connection was refused: its client, or this port, has as many as are left for the others');
      client.destroy();
    }
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw new PortInUseError(host, port);
    throw error;
  }
  // Such as too many open files: it concerns one connection. Unheard, the event would end the process.
  server.on('error', (error) => log.report(`a connection was not taken: ${error.message}`));
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
      watch.close();
      log.close();
    },
  };
}

/** An answer to a request that Node has handed over with its connection, which ends with this answer. */
function answerOn(client: Socket, incoming: IncomingMessage): ServerResponse | undefined {
  const outgoing = new ServerResponse(incoming);
  outgoing.shouldKeepAlive = false;
  try {
    outgoing.assignSocket(client);
  } catch {
    // An earlier request of this connection has no answer yet: what comes now would run into it.
    client.destroy();
    return undefined;
  }
  client.on('drain', () => outgoing.emit('drain'));
  outgoing.once('finish', () => {
    client.end();
    // What is still on its way must not be answered with a reset.
    client.resume();
    client.setTimeout(CLOSE_MS, () => client.destroy());
  });
  return outgoing;
}

/** How often to look for what is overdue: often enough for the shortest of these. */
function lookEvery(...limitsMs: number[]): number {
  return Math.min(5000, Math.max(10, Math.min(...limitsMs) / 4));
}
