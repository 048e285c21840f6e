import { type Environment, readUrl } from './read-environment.js';
import { readSecret } from './read-secret.js';

/**
 * REDIS_URL: redis://, rediss://, or the path of a socket.
 * @throws {Error} naming the variable
 */
export function readRedisUrl(env: Environment): string {
  if (env.REDIS_URL?.startsWith('/')) return env.REDIS_URL;
  const what = 'the address of Redis, such as redis://127.0.0.1:6379';
  return readUrl(env, 'REDIS_URL', ['redis', 'rediss', 'unix'], what);
}

/**
 * Where the API is and who calls it: API_URL, and API_TOKEN or API_TOKEN_FILE.
 * @throws {Error} naming the variable
 */
export function readApi(env: Environment): { url: string; token: string } {
  return {
    url: readUrl(env, 'API_URL', ['http', 'https'], 'the address of the API, such as http://127.0.0.1:8000'),
    token: readSecret(env, 'API_TOKEN', "this service's key for the API"),
  };
}
