import { readFileSync } from 'node:fs';
import type { SchedulerConfig } from './start-scheduler.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration from the environment: REDIS_URL, API_URL, API_TOKEN or API_TOKEN_FILE, RELAY_INTERVAL_MS.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): SchedulerConfig {
  const url = required(env, 'API_URL', 'the address of the API, such as http://127.0.0.1:8000');
  return {
    redisUrl: required(env, 'REDIS_URL', 'the address of Redis, such as redis://127.0.0.1:6379'),
    api: { url, token: readToken(env) },
    intervalMs: readInterval(env.RELAY_INTERVAL_MS),
  };
}

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`set ${name} to ${what}`);
}

function readToken(env: Environment): string {
  if (env.API_TOKEN) return env.API_TOKEN;
  const file = required(env, 'API_TOKEN_FILE', "a file with the scheduler's API key (or API_TOKEN to the key itself)");
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`API_TOKEN_FILE ${file} cannot be read`, { cause: error });
  }
}

function readInterval(text: string | undefined): number {
  const value = Number(text || 500);
  if (Number.isInteger(value) && value >= 10 && value <= 60_000) return value;
  throw new Error(`RELAY_INTERVAL_MS must be a number of milliseconds from 10 to 60000, not ${JSON.stringify(text)}`);
}
