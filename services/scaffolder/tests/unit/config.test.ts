import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';

const complete = {
  REDIS_URL: 'redis://:hunter2@127.0.0.1:6379',
  API_URL: 'http://127.0.0.1:8000',
  API_TOKEN: 'cgk_x',
  REPOS_DIR: '/data/repos',
  TEMPLATE_DIR: '/templates/service',
};

it('reads what the service needs', () => {
  expect(readConfig(complete)).toEqual({
    redisUrl: complete.REDIS_URL,
    api: { url: complete.API_URL, token: 'cgk_x' },
    reposDir: '/data/repos',
    templateDir: '/templates/service',
  });
  expect(readConfig({ ...complete, COPIER: 'copier-9' }).copier).toBe('copier-9');
  expect(readConfig({ ...complete, COPIER: 'bin/copier' }).copier).toBe(join(process.cwd(), 'bin/copier'));
  expect(readConfig({ ...complete, COPIER: 'none' })).toMatchObject({
    copier: false,
  });
});

it('reads the token from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'codegen-config-'));
  writeFileSync(join(folder, 'token'), 'cgk_from_file\n');
  const config = readConfig({ ...complete, API_TOKEN: undefined, API_TOKEN_FILE: join(folder, 'token') });
  expect(config.api.token).toBe('cgk_from_file');
  rmSync(folder, { recursive: true });
});

it.each(['REDIS_URL', 'API_URL', 'API_TOKEN', 'REPOS_DIR', 'TEMPLATE_DIR'])('names %s when it is missing', (name) => {
  expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(new RegExp(`^${name} `));
});

it('names what is wrong, and repeats no password', () => {
  expect(() => readConfig({ ...complete, REPOS_DIR: 'repos' })).toThrow(
    'REPOS_DIR is "repos"; it must be an absolute path.',
  );
  expect(() => readConfig({ ...complete, REDIS_URL: 'hunter2@host' })).toThrow(/^REDIS_URL is not a URL(?!.*hunter2)/);
});
