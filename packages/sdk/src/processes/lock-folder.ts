import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';

/** A short name of a folder, the same one over links that lead to it. */
export async function folderFingerprint(folder: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Makes this process the only one of a service that works in a folder, which it calls its `kind` folder; the returned call
 * gives it up.
 *
 * The lock is a socket in Linux' abstract namespace: the kernel lets go of it with the process, however that ends,
 * so there is never a stale one. Elsewhere there is no lock.
 * @throws where another process holds it, with its pid
 */
export async function lockFolder(folder: string, kind: string, service: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined;
  const name = `\0codegen-${kind}-${await folderFingerprint(folder)}`;
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
    throw new Error(`the ${kind} folder ${folder} is in use by process ${holder}: stop that ${service} first`, {
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
