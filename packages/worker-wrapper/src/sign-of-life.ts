import { setTimeout as sleep } from 'node:timers/promises';
import { workerAliveKey, workerGoneKey } from '@codegen/contracts';
import type { Redis } from '@codegen/sdk/queue';

const EVERY_MS = 1000;
/** Milliseconds until a worker that says nothing counts as silent. */
const ALIVE_MS = 5000;

export interface SignOfLife {
  /** The worker may begin: Redis has said that it was not given up. */
  readonly mayBegin: Promise<void>;
  /** Rejects when the worker was given up: another one may have its work. */
  readonly givenUp: Promise<never>;
  /** Takes the sign away: nothing of the worker runs any more. */
  stop(): Promise<void>;
}

/**
 * Tells Redis every second that something of this worker runs, and looks whether it was given up. A manager that is gone
 * cannot end its workers; whoever takes over from it gives them up, and waits for them to be silent.
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
  const telling = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await redis.set(workerAliveKey(workerId), '1', 'PX', ALIVE_MS);
        if ((await redis.exists(workerGoneKey(workerId))) === 1) giveUp(new Error('the worker was given up'));
        else begin();
      } catch {
        // Redis being away is told of by those that work with it.
      }
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    mayBegin,
    givenUp,
    stop: async () => {
      stopping.abort();
      await telling;
      await redis.del(workerAliveKey(workerId)).catch(() => undefined);
    },
  };
}
