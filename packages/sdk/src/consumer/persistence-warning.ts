import type { Redis } from 'ioredis';
import type { ConsumerCore } from './consumer-core.js';

/** Redis servers that were warned about. */
const warned = new Set<string>();

/** Says once per server that it keeps nothing over a restart. */
export async function warnWithoutPersistence(redis: Redis, core: ConsumerCore): Promise<void> {
  const where = `${redis.options.host}:${redis.options.port}${redis.options.path ?? ''}`;
  if (warned.has(where)) return;
  // Where INFO is not allowed, there is nothing to say.
  const info = await redis.info('persistence').catch(() => '');
  if (/aof_enabled:0/.test(info)) {
    core.logger.warn({}, 'Redis runs without appendonly: a restart loses every waiting message. Set appendonly yes.');
  }
  warned.add(where);
}
