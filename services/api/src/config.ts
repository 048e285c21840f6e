import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseConfig } from './database/open.js';
import type { ApiConfig } from './start-api.js';
import { parseMasterKey } from './vault.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration from the environment: HOST, PORT, DATABASE_URL or DATA_DIR, ADMIN_TOKEN_FILE,
 * VAULT_KEY or VAULT_KEY_FILE.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): ApiConfig {
  return {
    host: env.HOST || '127.0.0.1',
    port: readPort(env.PORT),
    database: readDatabase(env),
    ...(env.ADMIN_TOKEN_FILE && { adminToken: readToken(env.ADMIN_TOKEN_FILE) }),
    ...readMasterKey(env),
  };
}

/** Where this user's programs keep what can be made again, or undefined where there is no such place. */
export function userCacheFolder(env: Environment): string | undefined {
  const base = env.XDG_CACHE_HOME || (homedir() === '/' ? '' : join(homedir(), '.cache'));
  return base ? join(base, 'codegen-orchestrator') : undefined;
}

function readPort(text: string | undefined): number {
  const port = Number(text || 8000);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`PORT must be a number from 0 to 65535, not ${JSON.stringify(text)}`);
}

function readDatabase(env: Environment): DatabaseConfig {
  if (env.DATABASE_URL && env.DATA_DIR) {
    throw new Error('set DATABASE_URL (a PostgreSQL server) or DATA_DIR (the embedded database), not both');
  }
  if (env.DATABASE_URL) {
    // The value itself is not repeated: it holds a password.
    if (!/^postgres(ql)?:\/\//.test(env.DATABASE_URL)) throw new Error('DATABASE_URL must start with postgres://');
    return { url: env.DATABASE_URL };
  }
  if (env.DATA_DIR) return { folder: join(env.DATA_DIR, 'db'), cacheFolder: userCacheFolder(env) };
  throw new Error('set DATABASE_URL to a PostgreSQL server, or DATA_DIR to a folder for the embedded database');
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`ADMIN_TOKEN_FILE ${file} cannot be read`, { cause: error });
  }
}

function readMasterKey(env: Environment): { masterKey: Buffer } | { masterKeyFile: string } {
  if (env.VAULT_KEY) return { masterKey: parseMasterKey(env.VAULT_KEY, 'VAULT_KEY') };
  if (env.VAULT_KEY_FILE) return { masterKeyFile: env.VAULT_KEY_FILE };
  if (env.DATA_DIR) return { masterKeyFile: join(env.DATA_DIR, 'keys', 'vault.key') };
  throw new Error('set VAULT_KEY_FILE to a file for the master key of secrets, or VAULT_KEY to the key itself');
}
