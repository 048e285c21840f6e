import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-client.js';

/** A Lua script that Redis runs atomically. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** Names a script by its digest, so that its text is sent once per server. */
export function defineScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Runs a script; sends its text where the server does not have it yet. */
export async function runScript(
  redis: RedisClient,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(script.lua, keys.length, ...keys, ...args);
  }
}
