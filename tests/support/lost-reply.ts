import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A way to a Redis that loses one reply: it passes the first XADD on, keeps what Redis answers to it, and cuts the
 * connection. Everything else gets through.
 */
export async function loseReplyToXadd(target: string): Promise<{ url: string; lost(): boolean; close(): void }> {
  const url = new URL(target);
  const port = Number(url.port);
  const sockets = new Set<Socket>();
  let state: 'waiting' | 'sent' | 'lost' = 'waiting';
  const server = createServer((near) => {
    const far = connect(port, url.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    let mine = false;
    near.on('data', (data) => {
      if (state === 'waiting' && /\r\nxadd\r\n/i.test(data.toString('latin1'))) {
        state = 'sent';
        mine = true;
      }
      far.write(data);
    });
    far.on('data', (data) => {
      if (state === 'sent' && mine) {
        state = 'lost';
        near.destroy();
      } else near.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href.replace(/\/$/, ''),
    lost: () => state === 'lost',
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
