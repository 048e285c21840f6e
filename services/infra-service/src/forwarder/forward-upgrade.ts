import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { UnpassableError } from './check-message.js';
import type { Exchange } from './exchange.js';
import { hasBody, listed, valuesOf } from './forward-headers.js';
import { NO_RELEASE, type Upstream } from './upstream.js';

/** After this silence TCP asks whether the other side is still there. */
const KEEPALIVE_MS = 60_000;

/** Passes an upgrade (a WebSocket, say) to a release and, once it agrees, joins the two connections. */
export function forwardUpgrade(exchange: Exchange, client: Socket, head: Buffer, upstream: Upstream | undefined): void {
  if (!upstream) {
    exchange.refuse(503, NO_RELEASE);
    return;
  }
  const { rawHeaders } = exchange.incoming;
  if (hasBody(rawHeaders)) {
    exchange.refuse(400, 'A request with a body cannot be upgraded: send it without an Upgrade header.');
    return;
  }
  exchange.whenDone(upstream.begin());
  // HTTP/2 would be spoken past what is looked at here. Who only offers it is answered without.
  const offers = valuesOf(rawHeaders, 'upgrade').flatMap((value) => value.split(','));
  const asked = offers
    .map((one) => one.trim())
    .filter((one) => !/^(h2c?|http)(\/|$)/i.test(one))
    .join(', ');
  const extraHeaders = asked === '' ? [] : ['Connection', 'Upgrade', 'Upgrade', asked];
  const forward = exchange.ask(upstream, { reuseConnection: false, extraHeaders });
  forward.once('upgrade', (answer, release, first) => {
    release.on('error', () => release.destroy());
    exchange.attempt(() => {
      try {
        exchange.switchProtocols(answer, agreedProtocol(answer, asked));
        join(client, head, release as Socket, first);
      } catch (error) {
        release.destroy();
        throw error;
      }
    });
  });
  // The release does not upgrade: its plain answer ends with the connection.
  forward.once('response', (answer) => exchange.attempt(() => exchange.relay(answer)));
  forward.end();
}

function agreedProtocol(answer: IncomingMessage, asked: string): string {
  const agreed = valuesOf(answer.rawHeaders, 'upgrade').join(', ');
  const offered = listed([asked]);
  if (agreed !== '' && offered.includes(agreed.toLowerCase())) return agreed;
  throw new UnpassableError('it switches to another protocol than was asked for');
}

function join(client: Socket, head: Buffer, release: Socket, first: Buffer): void {
  if (first.length > 0) client.write(first);
  if (head.length > 0) release.write(head);
  release.once('close', () => client.destroy());
  client.once('close', () => release.destroy());
  for (const socket of [client, release]) socket.setKeepAlive(true, KEEPALIVE_MS);
  release.pipe(client).pipe(release);
}
