import { deadLetterStream } from '@codegen/contracts';
import { trimAcknowledgedScript } from './lua/trim-acknowledged.js';
import { trimOlderScript } from './lua/trim-older.js';
import type { RedisClient } from './redis-client.js';
import { runScript, type Script } from './script.js';
import type { Retention } from './store.js';

/** Removes from a stream what all its groups have acknowledged; says how many. */
export function trimAcknowledgedIn(redis: RedisClient, stream: string): Promise<number> {
  return untilNothingGoes(redis, trimAcknowledgedScript, stream, []);
}

/** Removes the dead letters of a stream that are too old or too many; says how many. */
export function trimDeadLettersOf(redis: RedisClient, stream: string, limits: Retention): Promise<number> {
  const args = [Math.round(limits.maxAgeMs), limits.maxCount];
  return untilNothingGoes(redis, trimOlderScript, deadLetterStream(stream), args);
}

async function untilNothingGoes(redis: RedisClient, script: Script, stream: string, args: number[]): Promise<number> {
  for (let gone = 0; ; ) {
    const some = (await runScript(redis, script, [stream], args)) as number;
    if (some === 0) return gone;
    gone += some;
  }
}
