import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import type { DatabasePool } from './pglite-pool.js';

const asker = new AsyncLocalStorage<string>();

/** Runs work, whose sessions of the database are counted as this one's. */
export function onBehalfOf<T>(who: string, work: () => T): T {
  return asker.run(who, work);
}

interface Waiting {
  readonly go: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A pool whose sessions go round among those on whose behalf they are asked for: however much one asks, another waits for
 * one turn of each. `sessions` is how many the pool has, `patienceMs` how long somebody waits for one.
 * Each turn begins after the process has read what came in: the embedded database answers within the same turn of the event
 * loop, so that a thousand polls whose time has come would otherwise keep everybody else out until the last is served.
 */
export function fairPool(
  pool: DatabasePool,
  { sessions, patienceMs }: { sessions: number; patienceMs: number },
): Pick<DatabasePool, 'connect' | 'end'> {
  let free = sessions;
  /** Nobody in it waits for nothing; the next one's turn is the first's. */
  const waiting = new Map<string, Set<Waiting>>();
  const giveBack = () => {
    for (const [who, queue] of waiting) {
      const [next] = queue as Set<Waiting> & Iterable<Waiting>;
      waiting.delete(who);
      if (!next) continue;
      queue.delete(next);
      if (queue.size > 0) waiting.set(who, queue);
      clearTimeout(next.timer);
      setImmediate(next.go);
      return;
    }
    free += 1;
  };
  const turn = () =>
    new Promise<void>((resolve, reject) => {
      if (free > 0) {
        free -= 1;
        return void setImmediate(resolve);
      }
      const who = asker.getStore() ?? '';
      const queue = waiting.get(who) ?? new Set();
      waiting.set(who, queue);
      const one: Waiting = {
        go: resolve,
        timer: setTimeout(() => {
          queue.delete(one);
          reject(new Error('timeout exceeded when trying to connect: the sessions of the database are in use'));
        }, patienceMs),
      };
      queue.add(one);
    });
  const connect = async (): Promise<PoolClient> => {
    await turn();
    try {
      const client = (await pool.connect()) as PoolClient;
      const release = client.release.bind(client);
      client.release = (error) => {
        release(error);
        giveBack();
      };
      return client;
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  return { connect: connect as DatabasePool['connect'], end: pool.end.bind(pool) };
}
