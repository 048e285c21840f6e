import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that the kernel gives to outgoing connections (from 32768): one of those would keep a server that was
// killed from listening at its port again.
const FROM = 10_000;
const TO = 18_000;
const BLOCKS_FROM = 20_000;
const BLOCKS_TO = 32_700;

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRINUSE') throw error;
        return false;
      },
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** The first of a hundred ports for the sites of one system. */
export function deployPortsFrom(): number {
  return BLOCKS_FROM + Math.floor((Math.random() * (BLOCKS_TO - BLOCKS_FROM)) / 100) * 100;
}
