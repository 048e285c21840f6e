import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../queue/logger.js';
import { messageOf } from '../text/error-text.js';
import { type ObservedConsumer, readMetrics, within } from './metrics.js';

/** Where health is served. */
export interface HealthAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** What is asked of a service. */
export interface Health {
  readonly labels: { readonly service: string; readonly instance: string };
  /** Each rejects while what it looks at is away; by what that is called. */
  readonly checks: ReadonlyMap<string, () => Promise<unknown>>;
  /** Why it takes no work whatever its checks say: it starts or stops. */
  state(): 'starting' | 'running' | 'stopping';
  readonly consumers: readonly ObservedConsumer[];
}

/** Milliseconds that what is looked at gets to answer. */
const CHECK_MS = 2000;
/** Connections at a time: a probe and a scraper need one each. */
const MOST_CONNECTIONS = 32;
const SLOW_MS = 10_000;

/**
 * Serves `/healthz` (the process answers), `/readyz` (503, with the reasons, while something that the service needs is away, or
 * it starts or stops) and `/metrics` (Prometheus text).
 * @throws {Error} naming HEALTH_PORT where nothing can listen there
 */
export async function serveHealth(
  { host, port }: HealthAddress,
  health: Health,
  logger: Logger,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer({ headersTimeout: SLOW_MS, requestTimeout: SLOW_MS }, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'GET alone is served here\n');
    if (path === '/healthz') return send(response, 200, 'ok\n');
    const answer = path === '/readyz' ? ready(health) : path === '/metrics' ? metrics(health) : undefined;
    if (!answer) return send(response, 404, 'there are /healthz, /readyz and /metrics\n');
    answer.then(
      ([status, body, type]) => send(response, status, body, type),
      (error: unknown) => {
        logger.error({ path, error: messageOf(error) }, 'a look at the health of the service failed');
        send(response, 500, 'this cannot be told now: see the log\n');
      },
    );
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(new Error(`HEALTH_PORT: nothing can listen at ${host} port ${port} (${code}). Set it to another one.`)),
    );
    server.listen(port, host, resolve);
  });
  // Such as too many open files: it concerns one connection.
  server.on('error', (error) => logger.warn({ error: error.message }, 'a connection was not taken'));
  const address = server.address() as AddressInfo;
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
  logger.info({ url }, 'health and metrics are served');
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, stop };
}

type Answer = [status: number, body: string, type?: string];

async function ready({ checks, state }: Health): Promise<Answer> {
  const now = state();
  if (now !== 'running') return [503, `not ready: the service is ${now}\n`];
  const away: string[] = [];
  await Promise.all(
    [...checks].map(async ([what, check]) => {
      const isThere = await within(
        CHECK_MS,
        check().then(() => true),
      );
      if (!isThere) away.push(`not ready: ${what} is away\n`);
    }),
  );
  return away.length === 0 ? [200, 'ready\n'] : [503, away.sort().join('')];
}

async function metrics({ labels, consumers }: Health): Promise<Answer> {
  return [200, await readMetrics(labels, consumers, CHECK_MS), 'text/plain; version=0.0.4; charset=utf-8'];
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
