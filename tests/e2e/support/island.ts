import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { joinSockets } from '../../support/join-sockets.js';
import { tempFolder } from '../../support/temp-folder.js';
import { root } from './system.js';

/** A network namespace with nothing in it but a loopback of its own, on which one port of this machine is reached. */
interface Island {
  /** The command that runs a program in it. */
  inside: readonly string[];
  remove(): Promise<void>;
}

/**
 * Makes a namespace from which `port` of 127.0.0.1 is reached under the same address, and nothing else at all.
 * The one way across is a Unix socket: those belong to folders, not to networks. The namespace has no name and no
 * interface outside, so there is nothing to clean up: it ends with the process that holds it, and that with this one.
 * @throws Error where this account may make no namespace, with what the system said
 */
export async function makeIsland(port: number): Promise<Island> {
  const folder = await tempFolder('codegen-island');
  const strait = join(folder.path, 'strait');
  const ferry = createServer((socket) => joinSockets(socket, connect(port, '127.0.0.1')));
  ferry.listen(strait);
  await once(ferry, 'listening');

  const isRoot = process.getuid?.() === 0;
  const harbour = [process.execPath, join(root, 'tests', 'fixtures', 'island-harbour.js'), strait, String(port)];
  const holding = ['--net', ...(isRoot ? [] : ['--map-root-user']), 'setpriv', '--pdeathsig', 'SIGKILL', ...harbour];
  const holder = spawn('unshare', holding, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(holder, 'exit');
  let complaint = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const remove = async () => {
    holder.kill('SIGKILL');
    await exited;
    await new Promise((resolve) => ferry.close(resolve));
    await folder.remove();
  };
  const opened = await Promise.race([once(holder.stdout, 'data').then(() => true), exited.then(() => false)]);
  if (!opened) {
    await remove();
    throw new Error(`this test needs a network namespace (root, or user namespaces; iproute2): ${complaint}`);
  }
  const asOwner = isRoot ? [] : ['--user', '--preserve-credentials'];
  return { inside: ['nsenter', `--target=${holder.pid}`, '--net', ...asOwner], remove };
}
