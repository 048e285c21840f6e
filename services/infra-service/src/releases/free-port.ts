import { createServer } from 'node:net';

/** A port that was free a moment ago; whoever binds it must be ready to find it taken. */
export function freePort(host: string): Promise<number> {
  return bound(host, 0);
}

/** Ports that are looked at for a free one. */
const MOST_PROBED = 2000;

/** The first port above this one that nothing listens on; undefined where there is none near. */
export async function nextFreePort(host: string, taken: number): Promise<number | undefined> {
  for (let port = taken + 1; port <= Math.min(taken + MOST_PROBED, 65_535); port += 1) {
    if (await bound(host, port).catch(() => undefined)) return port;
  }
  return undefined;
}

/** Binds a port for a moment. */
function bound(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
