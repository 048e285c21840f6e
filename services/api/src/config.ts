import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Environment, readAll, readNamedFile, readUrl, readWholeNumber } from '@codegen/sdk/service';
import type { DatabaseConfig } from './database/open.js';
import { parseSeed, type Seed } from './seed.js';
import type { ApiConfig } from './start-api.js';
import { parseMasterKey } from './vault.js';

/**
 * The configuration from the environment: HOST, PORT, DATABASE_URL or DATA_DIR, ADMIN_TOKEN_FILE, SEED_FILE,
 * VAULT_KEY or VAULT_KEY_FILE.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): ApiConfig {
  const { adminToken, seed, masterKey, ...config } = readAll({
    port: () => readWholeNumber(env, 'PORT', { min: 0, max: 65_535, fallback: 8000 }),
    database: () => readDatabase(env),
    adminToken: () => readNamedFile(env, 'ADMIN_TOKEN_FILE'),
    seed: () => readSeed(env),
    masterKey: () => readMasterKey(env),
  });
  return {
    host: env.HOST || '127.0.0.1',
    ...config,
    ...(adminToken && { adminToken }),
    ...(seed && { seed }),
    ...masterKey,
  };
}

function readSeed(env: Environment): Seed | undefined {
  const text = readNamedFile(env, 'SEED_FILE');
  return text === undefined ? undefined : parseSeed(text, 'SEED_FILE');
}

function homeCache(): string | undefined {
  try {
    return homedir() === '/' ? undefined : join(homedir(), '.cache');
  } catch {
    // An account without a passwd entry, as a container's own uid has.
    return undefined;
  }
}

/** Where this user's programs keep what can be made again, or undefined where there is no such place. */
export function userCacheFolder(env: Environment): string | undefined {
  const base = env.XDG_CACHE_HOME || homeCache();
  return base ? join(base, 'codegen-orchestrator') : undefined;
}

function readDatabase(env: Environment): DatabaseConfig {
  if (env.DATABASE_URL && env.DATA_DIR) {
    throw new Error('Set DATABASE_URL (a PostgreSQL server) or DATA_DIR (the embedded database), not both.');
  }
  if (env.DATABASE_URL) {
    const what = 'the address of a PostgreSQL server, such as postgres://user@127.0.0.1/orchestrator';
    return { url: readUrl(env, 'DATABASE_URL', ['postgres', 'postgresql'], what) };
  }
  if (env.DATA_DIR) return { folder: resolve(env.DATA_DIR, 'db'), cacheFolder: userCacheFolder(env) };
  throw new Error('Set DATABASE_URL to a PostgreSQL server, or DATA_DIR to a folder for the embedded database.');
}

function readMasterKey(env: Environment): { masterKey: Buffer } | { masterKeyFile: string } {
  if (env.VAULT_KEY) return { masterKey: parseMasterKey(env.VAULT_KEY, 'VAULT_KEY') };
  if (env.VAULT_KEY_FILE) return { masterKeyFile: resolve(env.VAULT_KEY_FILE) };
  if (env.DATA_DIR) return { masterKeyFile: resolve(env.DATA_DIR, 'keys', 'vault.key') };
  throw new Error('Set VAULT_KEY_FILE to a file for the master key of secrets, or VAULT_KEY to the key itself.');
}
