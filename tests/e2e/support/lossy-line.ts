import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What becomes of the answer to the next POST: it arrives, is lost with its connection, or never comes. */
type Fate = 'arrives' | 'is lost' | 'never comes';

/** A line between the CLI and the API, on which answers get lost after the API has done what was asked. */
export interface LossyLine {
  url: string;
  /** The next POST /tasks; later ones arrive. */
  nextAnswer: Fate;
  /** Every POST that reached the API, in order, with the status it answered. */
  posts: { path: string; key: string | undefined; status: number }[];
  close(): Promise<void>;
}

/** Opens a line to the API at a URL. */
export async function openLossyLine(apiUrl: string): Promise<LossyLine> {
  const server = createServer(async (incoming, outgoing) => {
    const { method, url: path = '', headers } = incoming;
    const body = await buffer(incoming);
    const forwarded = request(new URL(path, apiUrl), { method, headers: { ...headers, connection: 'close' } });
    forwarded.on('error', () => outgoing.destroy());
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const text = await buffer(answer);
    const status = answer.statusCode as number;
    const isOrder = method === 'POST' && path === '/tasks';
    const fate = isOrder ? line.nextAnswer : 'arrives';
    if (isOrder) line.nextAnswer = 'arrives';
    if (method === 'POST') line.posts.push({ path, key: headers['idempotency-key'] as string | undefined, status });
    if (fate === 'never comes') return;
    if (fate === 'is lost') {
      incoming.socket.resetAndDestroy();
      return;
    }
    outgoing.writeHead(status, { ...answer.headers, connection: 'close' });
    outgoing.end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line: LossyLine = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    nextAnswer: 'arrives',
    posts: [],
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return line;
}
