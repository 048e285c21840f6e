import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import type { PoolClient } from 'pg';
import type { DatabasePool } from '../../src/engine/database/pool.js';

const never = () => new Promise<never>(() => undefined);

/** Something whose every connection ends at once, and never comes back: what a peer sees of a killed process. */
export interface Crashable<T> {
  readonly value: T;
  crash(): void;
}

/** A URL that leads to the given one until the crash. */
export async function crashableUrl(target: string): Promise<Crashable<string>> {
  const url = new URL(target);
  const port = Number(url.port);
  const sockets = new Set<Socket>();
  let crashed = false;
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
      socket.pipe(other);
    }
    if (crashed) near.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  url.port = String((server.address() as AddressInfo).port);
  return {
    value: url.href.replace(/\/$/, ''),
    crash: () => {
      crashed = true;
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A pool whose connections are rolled back and given back at the crash; whoever uses it afterwards hears nothing more. */
export function crashablePool(pool: DatabasePool): Crashable<DatabasePool> {
  const clients = new Set<PoolClient>();
  let crashed = false;
  const connectClient = async () => {
    if (crashed) return never();
    const client = await pool.connect();
    if (crashed) {
      client.release();
      return never();
    }
    clients.add(client);
    const query = async (...args: unknown[]) => {
      if (crashed) return never();
      const result = await (client.query as (...all: unknown[]) => Promise<unknown>)(...args);
      return crashed ? never() : result;
    };
    const release = (error?: Error | boolean) => {
      if (clients.delete(client)) client.release(error);
    };
    return { query, release } as unknown as PoolClient;
  };
  const value = {
    connect: connectClient,
    query: async (...args: unknown[]) => {
      const client = await connectClient();
      try {
        return await (client.query as unknown as (...all: unknown[]) => Promise<unknown>)(...args);
      } finally {
        client.release();
      }
    },
  } as unknown as DatabasePool;
  return {
    value,
    crash: () => {
      crashed = true;
      for (const client of clients) client.release(true);
      clients.clear();
    },
  };
}

/**
 * A pool that loses its connection when the first two steps of a flow are written down, the results and the checkpoint
 * after them alike: what such a step did, and told, must be done again.
 */
export function forgetfulPool(pool: DatabasePool): DatabasePool {
  const steps = new Set<unknown>();
  const lost = new Set<string>();
  const connectClient = async () => {
    const client = await pool.connect();
    const query = async (...args: unknown[]) => {
      const [text, values = []] = args as [string | { text: string }, unknown[] | undefined];
      const table = /insert into \S*(checkpoint_writes|checkpoints)\b/i.exec(
        typeof text === 'string' ? text : text.text,
      )?.[1];
      // Of thread, namespace, checkpoint, then its parent; results are of the checkpoint that their step began with.
      const step = table === 'checkpoints' ? values[3] : values[2];
      if (table && step && (steps.size < 2 || steps.has(step))) {
        steps.add(step);
        const write = `${table} ${step}`;
        if (!lost.has(write)) {
          lost.add(write);
          throw new Error('Connection terminated unexpectedly');
        }
      }
      return (client.query as (...all: unknown[]) => Promise<unknown>)(...args);
    };
    return { query, release: (error?: Error | boolean) => client.release(error) } as unknown as PoolClient;
  };
  return { connect: connectClient, query: pool.query.bind(pool) } as unknown as DatabasePool;
}
