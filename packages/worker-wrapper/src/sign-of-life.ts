import { setTimeout as sleep } from 'node:timers/promises';
import { workerAliveKey, workerGoneKey } from '@codegen/contracts';
import type { Redis } from '@codegen/sdk/queue';

const EVERY_MS = 1000;
/** Milliseconds without a sign of life after which a worker is silent. */
const ALIVE_MS = 5000;

export interface SignOfLife {
  /** Resolves when Redis confirms that the worker was not given up, so that it may start turns. */
  readonly mayBegin: Promise<void>;
  /** Rejects when the worker was given up: another worker may have its task. */
  readonly givenUp: Promise<never>;
  /** Removes the sign of life; call it once no process of the worker runs. */
  stop(): Promise<void>;
}

/**
 * Renews the worker's sign of life in Redis every second, and checks whether it was given up. A dead manager cannot stop
 * its workers; the manager that replaces it gives them up and waits until they are silent.
 */
export function giveSignOfLife(redis: Redis, workerId: string): SignOfLife {
  const stopping = new AbortController();
  let begin: () => void = () => undefined;
  const mayBegin = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let giveUp: (error: Error) => void = () => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  givenUp.catch(() => undefined);
  const renewing = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await redis.set(workerAliveKey(workerId), '1', 'PX', ALIVE_MS);
        if ((await redis.exists(workerGoneKey(workerId))) === 1) giveUp(new Error('the worker was given up'));
        else begin();
      } catch {
        // Other users of the connection report that Redis is unavailable.
      }
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    mayBegin,
    givenUp,
    stop: async () => {
      stopping.abort();
      await renewing;
      await redis.del(workerAliveKey(workerId)).catch(() => undefined);
    },
  };
}
