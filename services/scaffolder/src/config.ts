import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { ScaffolderConfig } from './start-scaffolder.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the configuration. Throws an error that names the variable when one is missing or wrong. */
export function readConfig(env: Environment): ScaffolderConfig {
  return {
    redisUrl: url(env, 'REDIS_URL', /^rediss?:|^unix:/),
    api: { url: url(env, 'API_URL', /^https?:/), token: token(env) },
    reposDir: folder(env, 'REPOS_DIR'),
    templateDir: folder(env, 'TEMPLATE_DIR'),
    ...(env.COPIER ? { copier: env.COPIER === 'none' ? false : env.COPIER } : {}),
    ...(env.INSTANCE ? { instance: env.INSTANCE } : {}),
  };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set. See services/scaffolder/README.md for what it needs.`);
  return value;
}

function url(env: Environment, name: string, shape: RegExp): string {
  const value = required(env, name);
  // The value may hold a password, so it is not repeated.
  if (!shape.test(value) || !URL.canParse(value)) throw new Error(`${name} is not a URL that fits (${shape.source}).`);
  return value;
}

function folder(env: Environment, name: string): string {
  const value = required(env, name);
  if (!isAbsolute(value)) throw new Error(`${name} is "${value}"; it must be an absolute path.`);
  return value;
}

function token(env: Environment): string {
  if (env.API_TOKEN) return env.API_TOKEN;
  const file = env.API_TOKEN_FILE;
  if (!file) throw new Error('API_TOKEN or API_TOKEN_FILE is not set. It is the key of this service for the API.');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`API_TOKEN_FILE cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
