import { forgetConsumersScript } from './lua/forget-consumers.js';
import type { RedisClient } from './redis-client.js';
import { isGroupGone } from './redis-errors.js';
import { runScript } from './script.js';

/** Creates stream and group where they are missing; from 0, so that nothing published before is missed. */
export async function ensureGroup(redis: RedisClient, stream: string, group: string): Promise<'created' | 'there'> {
  try {
    await redis.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
    return 'created';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('BUSYGROUP')) return 'there';
    throw error;
  }
}

/** Removes one consumer, or those idle for longer than `idleMs`; never one that has pending entries. */
export async function forgetConsumers(
  redis: RedisClient,
  { stream, group }: { stream: string; group: string },
  which: { consumer: string } | { idleMs: number },
): Promise<void> {
  const args = 'consumer' in which ? [which.consumer, 0] : ['', which.idleMs];
  try {
    await runScript(redis, forgetConsumersScript, [stream], [group, ...args]);
  } catch (error) {
    if (!isGroupGone(error)) throw error;
  }
}
