import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { openRedis, startRedis, type TestRedis } from '../../../../tests/support/redis.js';
import { waitFor } from '../../../../tests/support/wait-for.js';

/** A master and its replica behind one address, as a managed Redis has them. */
export interface RedisBehindName {
  /** The one address; leads to whichever server was named last. */
  readonly url: string;
  readonly old: TestRedis;
  readonly next: TestRedis;
  /** Waits until the replica has everything. */
  caughtUp(): Promise<void>;
  /** From now on new connections go to this server; those that are open stay where they are. */
  leadTo(server: TestRedis): void;
  /** Makes the replica a master of its own; the other one does not know. */
  promote(): Promise<void>;
  /** Makes the old master a replica, of the new one or of one that cannot be reached. */
  demote(how?: { isolated: boolean }): Promise<void>;
  /** All of it in order: the replica has everything, becomes the master, the name leads to it, the old one follows. */
  failOver(): Promise<void>;
  /** A connection to one of the servers, past the name. */
  direct(server: TestRedis): Redis;
  stop(): Promise<void>;
}

export async function startRedisBehindName(): Promise<RedisBehindName> {
  const atOnce = ['--repl-diskless-sync-delay', '0'];
  const old = await startRedis(atOnce);
  const next = await startRedis([...atOnce, '--replicaof', '127.0.0.1', String(old.port)]);
  const [onOld, onNext] = [openRedis(old.url), openRedis(next.url)];
  await waitFor('the replica to follow', async () => /state=online/.test(await onOld.info('replication')));
  const sockets = new Set<Socket>();
  let target = old;
  const name = createServer((client) => {
    const server = connect(target.port, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  name.listen(0, '127.0.0.1');
  await once(name, 'listening');
  const servers: RedisBehindName = {
    url: `redis://127.0.0.1:${(name.address() as AddressInfo).port}`,
    old,
    next,
    caughtUp: async () => {
      await onOld.set('caught-up', '1');
      if ((await onOld.wait(1, 5000)) !== 1) throw new Error('the replica does not follow');
    },
    leadTo: (server) => {
      target = server;
    },
    promote: async () => void (await onNext.replicaof('NO', 'ONE')),
    demote: async ({ isolated } = { isolated: false }) => {
      await onOld.replicaof('127.0.0.1', isolated ? 1 : next.port);
    },
    failOver: async () => {
      await servers.caughtUp();
      await servers.promote();
      servers.leadTo(next);
      await servers.demote();
    },
    direct: (server) => (server === old ? onOld : onNext),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      name.close();
      onOld.disconnect();
      onNext.disconnect();
      // Killed: a master that is asked to end waits for its replica first.
      await Promise.all([old.kill(), next.kill()]);
      await Promise.all([old.stop(), next.stop()]);
    },
  };
  return servers;
}
