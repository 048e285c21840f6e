import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';

const VAULT_KEY = randomBytes(32).toString('hex');

test('a data folder is enough', () => {
  expect(readConfig({ DATA_DIR: '/data', XDG_CACHE_HOME: '/cache' })).toEqual({
    ...{ host: '127.0.0.1', port: 8000, database: { folder: '/data/db', cacheFolder: '/cache/codegen-orchestrator' } },
    masterKeyFile: '/data/keys/vault.key',
  });
});

test('paths count from where the service was started, which it leaves', () => {
  const at = (path: string) => `${process.cwd()}/${path}`;
  expect(readConfig({ DATA_DIR: 'data', XDG_CACHE_HOME: '/cache' })).toMatchObject({
    database: { folder: at('data/db') },
    masterKeyFile: at('data/keys/vault.key'),
  });
  const config = readConfig({ DATABASE_URL: 'postgres://h/d', VAULT_KEY_FILE: './key' });
  expect(config).toMatchObject({ masterKeyFile: at('key') });
});

test('PostgreSQL, its key and the address come from the environment', () => {
  const config = readConfig({ DATABASE_URL: 'postgres://u:p@h/d', VAULT_KEY, HOST: '0.0.0.0', PORT: '80' });
  expect(config).toMatchObject({ host: '0.0.0.0', port: 80, database: { url: 'postgres://u:p@h/d' } });
  expect(config).toHaveProperty('masterKey', Buffer.from(VAULT_KEY, 'hex'));
});

test('what is missing or wrong is named, and no password repeated', () => {
  const wrong: [Record<string, string>, RegExp][] = [
    [{ VAULT_KEY }, /DATABASE_URL.*DATA_DIR/],
    [{ DATABASE_URL: 'postgres://h/d', DATA_DIR: '/d', VAULT_KEY }, /not both/],
    [{ DATABASE_URL: 'mysql://u:hunter2@h/d', VAULT_KEY }, /^(?!.*hunter2).*DATABASE_URL/],
    [{ DATABASE_URL: 'postgres://h/d' }, /VAULT_KEY_FILE/],
    [{ DATABASE_URL: 'postgres://h/d', VAULT_KEY: 'x' }, /VAULT_KEY must be 32 bytes/],
    [{ DATA_DIR: '/d', PORT: 'http' }, /PORT/],
    [{ DATA_DIR: '/d', ADMIN_TOKEN_FILE: '/no/such/file' }, /ADMIN_TOKEN_FILE/],
    [{ DATA_DIR: '/d', SEED_FILE: '/no/such/file' }, /SEED_FILE/],
    [{ DATA_DIR: '/d', SEED_FILE: import.meta.filename }, /SEED_FILE names a file that is no seed: the file: /],
  ];
  for (const [env, message] of wrong) expect(() => readConfig(env)).toThrow(message);
});
