import type { Redis } from 'ioredis';
import { pause } from '../queue/backoff.js';

/** Tries, 50 ms apart, until the connection is dropped instead. */
const UNBLOCK_TRIES = 10;

/** Ends a blocked read; drops the connection when that does not help in time. */
export async function unblock(redis: Redis, blocking: Redis, reader: Promise<void>): Promise<void> {
  const left = new AbortController();
  void reader.finally(() => left.abort());
  // The read may be on its way to Redis still, and cannot be unblocked before it is there.
  for (let tries = 0; tries < UNBLOCK_TRIES && !left.signal.aborted; tries += 1) {
    if (redis.status === 'ready' && blocking.status === 'ready') {
      const id = await clientId(redis, blocking.options.connectionName).catch(() => undefined);
      if (id !== undefined) await redis.client('UNBLOCK', id).catch(() => undefined);
    }
    await pause(50, left.signal);
  }
  if (!left.signal.aborted) blocking.disconnect();
}

/** The id of a blocked connection, asked for on another one: it cannot answer itself. */
async function clientId(redis: Redis, name: string | undefined): Promise<string | undefined> {
  const lines = String(await redis.client('LIST')).split('\n');
  return /^id=(\d+)/.exec(lines.find((line) => line.includes(` name=${name} `)) ?? '')?.[1];
}
