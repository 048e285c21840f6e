import {
  type Environment,
  readAll,
  readApi,
  readRedisUrl,
  readWholeNumber,
  type ServiceReach,
} from '@codegen/sdk/service';
import type { SchedulerConfig } from './scheduler.js';

/**
 * The configuration from the environment: REDIS_URL, API_URL, API_TOKEN or API_TOKEN_FILE, RELAY_INTERVAL_MS.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): SchedulerConfig & ServiceReach {
  return readAll({
    redisUrl: () => readRedisUrl(env),
    api: () => readApi(env),
    intervalMs: () => readWholeNumber(env, 'RELAY_INTERVAL_MS', { min: 10, max: 60_000, fallback: 500 }),
  });
}
