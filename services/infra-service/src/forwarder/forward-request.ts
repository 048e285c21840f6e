import type { Exchange } from './exchange.js';
import { hasBody } from './forward-headers.js';
import { NO_RELEASE, type Upstream } from './upstream.js';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Passes one request to the current release and its answer back, both as streams.
 *
 * A kept connection may be closed by the release just as a request is written to it. So only requests that may be
 * repeated without harm use one, and are repeated once on a fresh connection; all others get a fresh one at once.
 */
export function forwardRequest(exchange: Exchange, current: () => Upstream | undefined): void {
  const upstream = current();
  if (!upstream) {
    exchange.refuse(503, NO_RELEASE);
    return;
  }
  const { method = '', rawHeaders } = exchange.incoming;
  const repeatable = SAFE_METHODS.has(method) && !hasBody(rawHeaders);
  send(exchange, upstream, repeatable, () => send(exchange, current() ?? upstream, false));
}

function send(exchange: Exchange, upstream: Upstream, reuseConnection: boolean, again?: () => void): void {
  const end = upstream.begin();
  exchange.whenDone(end);
  const forward = exchange.ask(upstream, {
    reuseConnection,
    again:
      again &&
      (() => {
        end();
        again();
      }),
  });
  forward.once('response', (answer) => exchange.attempt(() => exchange.relay(answer)));
  forward.once('upgrade', (answer, release) => {
    release.destroy();
    exchange.attempt(() => exchange.relay(answer));
  });
  exchange.sendBody(forward);
}
