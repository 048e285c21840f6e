import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy before a server that loses replies. */
export interface SwallowingProxy {
  readonly url: string;
  /** How many replies it has lost. */
  readonly swallowed: number;
  /** Lets the next command that has this text through, and drops its connection instead of the reply. */
  swallowReplyTo(text: string): void;
  close(): Promise<void>;
}

/** What a network does that fails between the command and its reply: the server has done it, the client never hears. */
export async function swallowReplies(port: number): Promise<SwallowingProxy> {
  const sockets = new Set<Socket>();
  let wanted: string | undefined;
  let swallowed = 0;
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let dropping = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      if (wanted !== undefined && data.includes(wanted)) {
        wanted = undefined;
        dropping = true;
      }
      server.write(data);
    });
    server.on('data', (data) => {
      if (!dropping) return client.write(data);
      swallowed += 1;
      client.destroy();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    get swallowed() {
      return swallowed;
    },
    swallowReplyTo: (text) => {
      wanted = text;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
