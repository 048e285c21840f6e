import { decodeEntry, type MessageOf, type QueueContract, streamName } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import { backoffMs, pause } from './backoff.js';
import { closeRedis, connectBlocking } from './connect.js';
import { fieldsOf } from './entry.js';
import { asUnavailable } from './redis-errors.js';

/** Well below the silence limit of the connection. */
const MAX_BLOCK_MS = 5000;

export interface ReadLogOptions {
  params?: Record<string, string>;
  /** `$`: what comes from now on; `0`: all there is; or the id of the last entry that was read. */
  from: string;
  signal: AbortSignal;
  /** Milliseconds that one read waits for entries; 5,000 at most. */
  blockMs?: number;
}

/**
 * Reads a log from a position until the signal is aborted; survives lost connections, going on where it was.
 * Entries that do not fit the contract are passed over: a log has no dead letters.
 * @throws {OrchestratorError} REDIS_UNAVAILABLE when `from` is `$` and the position cannot be found out
 */
export async function* readLog<C extends QueueContract>(
  redis: Redis,
  contract: C,
  { params, from, signal, blockMs = MAX_BLOCK_MS }: ReadLogOptions,
): AsyncGenerator<{ entryId: string; message: MessageOf<C> }> {
  const stream = streamName(contract, params);
  // A fixed position: with `$` again after a lost connection, what came meanwhile would be missed.
  let position = from === '$' ? await currentPosition(redis, stream) : from;
  const blocking = connectBlocking(redis);
  let leave: () => void = () => undefined;
  // A read that waits for Redis to come back would not end with its connection.
  const left = new Promise<null>((resolve) => {
    leave = () => {
      blocking.disconnect();
      resolve(null);
    };
    signal.addEventListener('abort', leave, { once: true });
  });
  const wait = Math.min(blockMs, MAX_BLOCK_MS);
  let failures = 0;
  try {
    while (!signal.aborted) {
      const reading = blocking.xread('COUNT', 100, 'BLOCK', wait, 'STREAMS', stream, position);
      const reply = await Promise.race([reading.catch(() => false), left]);
      if (reply === false) {
        await pause(backoffMs(failures), signal);
        failures += 1;
        continue;
      }
      failures = 0;
      for (const [entryId, flat] of entriesOf(reply)) {
        if (signal.aborted) return;
        position = entryId;
        const decoded = decodeEntry(contract, fieldsOf(flat));
        if (decoded.ok) yield { entryId, message: decoded.message };
      }
    }
  } finally {
    signal.removeEventListener('abort', leave);
    await closeRedis(blocking);
  }
}

/** The id of the newest entry that a stream ever had; `0-0` where there is no such stream. */
export async function currentPosition(redis: Redis, stream: string): Promise<string> {
  try {
    const info = (await redis.xinfo('STREAM', stream)) as unknown[];
    return String(info[info.indexOf('last-generated-id') + 1]);
  } catch (error) {
    if (error instanceof Error && /no such key/i.test(error.message)) return '0-0';
    throw asUnavailable(error, `reading ${stream}`);
  }
}

function entriesOf(reply: unknown): [string, string[]][] {
  return (reply as [string, [string, string[]][]][] | null)?.[0]?.[1] ?? [];
}
