import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';

/**
 * Makes this process the only one that runs the releases of a folder; the returned call gives it up.
 *
 * The lock is a socket in Linux' abstract namespace: the kernel lets go of it with the process, however that ends,
 * so there is never a stale one. Elsewhere there is no lock.
 * @throws where another process holds it, with its pid
 */
export async function lockReleases(fingerprint: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined;
  const name = `\0codegen-releases-${fingerprint}`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    // Destroyed: whoever asks and never hangs up must not keep a descriptor of this process.
    socket.end(String(process.pid), () => socket.destroy());
  });
  server.listen(name);
  try {
    await once(server, 'listening');
  } catch (error) {
    const holder = await askHolder(name);
    throw new Error(`the releases folder is in use by process ${holder}: stop that infra-service first`, {
      cause: error,
    });
  }
  // That nobody can be told who has the folder is no reason to give it up.
  server.on('error', () => undefined);
  server.unref();
  return async () => {
    server.close();
    await once(server, 'close');
  };
}

function askHolder(name: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(name);
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (data) => {
      text += data.toString();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text || 'unknown'));
  });
}
