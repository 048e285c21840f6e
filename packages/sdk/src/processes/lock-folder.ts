import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';

/** A short hash of a folder's real path. */
export async function folderFingerprint(folder: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 12);
}

/**
 * Locks a folder for this process of a service; `kind` names the folder in messages. The returned function releases it.
 *
 * The lock is a socket in Linux' abstract namespace: the kernel releases it when the process ends, so it is never stale.
 * Other systems have no lock.
 * @throws if another process holds it; the message names its pid
 */
export async function lockFolder(folder: string, kind: string, service: string): Promise<() => Promise<void>> {
  if (process.platform !== 'linux') return async () => undefined;
  const name = `\0codegen-${kind}-${await folderFingerprint(folder)}`;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    // Destroyed, so that a client that never closes does not keep a descriptor of this process.
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
  // An error while answering with the pid does not affect the lock.
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
