import { parseRedisUrl } from '../queue/redis-url.js';
import { type Environment, readAll, readText, readUrl } from './read-environment.js';
import { readSecret } from './read-secret.js';

/**
 * REDIS_URL: redis://, rediss://, the path of a socket, or redis+sentinel:// for the master that Sentinels name.
 * @throws {Error} naming the variable
 */
export function readRedisUrl(env: Environment): string {
  const what =
    'the address of Redis: redis://127.0.0.1:6379, rediss://, the path of a socket, or redis+sentinel://host:port,host:port/master';
  const url = readText(env, 'REDIS_URL', what);
  let kind: string;
  try {
    ({ kind } = parseRedisUrl(url));
  } catch {
    throw new Error(`REDIS_URL is not a URL of a Redis. Set it to ${what}.`);
  }
  if (kind !== 'cluster') return url;
  throw new Error(`REDIS_URL is that of a Redis Cluster, which no service can use. Set it to ${what}.`);
}

/**
 * Where the API is and who calls it: API_URL, and API_TOKEN or API_TOKEN_FILE.
 * @throws {Error} naming the variable
 */
export function readApi(env: Environment): { url: string; token: string } {
  return readAll({
    url: () => readUrl(env, 'API_URL', ['http', 'https'], 'the address of the API, such as http://127.0.0.1:8000'),
    token: () => readSecret(env, 'API_TOKEN', "this service's key for the API"),
  });
}
