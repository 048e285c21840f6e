import { expect, test } from 'vitest';
import { readConfig, splitEnvironment } from '../../src/config.js';

const complete = {
  REDIS_URL: 'redis://:pw@127.0.0.1:6379',
  API_URL: 'http://127.0.0.1:8000',
  API_TOKEN: 'cgk_x',
  RELEASES_DIR: '/data/releases',
  REPOS_DIR: '/data/repos',
};

test('A complete environment is read, with defaults', () => {
  expect(readConfig({ ...complete, HEALTH_TIMEOUT_MS: '5000', RELEASE_IDLE_MS: '900000' })).toMatchObject({
    redisUrl: complete.REDIS_URL,
    api: { url: complete.API_URL, token: 'cgk_x' },
    releasesDir: '/data/releases',
    reposDir: '/data/repos',
    host: '127.0.0.1',
    healthTimeoutMs: 5000,
    releaseIdleMs: 900_000,
  });
});

test.each(Object.keys(complete))('Without %s the error names it', (name) => {
  expect(() => readConfig({ ...complete, [name]: '' })).toThrow(name);
});

test('A wrong value is named without being repeated', () => {
  expect(() => readConfig({ ...complete, REDIS_URL: 'secret-thing' })).toThrow(
    /^REDIS_URL is not a URL(?!.*secret-thing)/,
  );
  expect(() => readConfig({ ...complete, HEALTH_TIMEOUT_MS: 'soon' })).toThrow(/HEALTH_TIMEOUT_MS/);
});

test('Installs get what a registry needs, references nothing of the service’s own', () => {
  const env = { PATH: '/bin', HTTPS_PROXY: 'http://proxy', API_TOKEN: 'x', REDIS_URL: 'y', STRIPE_KEY: 'z' };
  expect(splitEnvironment(env)).toEqual({
    path: '/bin',
    install: { HTTPS_PROXY: 'http://proxy' },
    referable: {},
  });
});

test('A deploy message refers to the variables that the operator names, and to none of the service’s own', () => {
  const env = { STRIPE_KEY: 'z', OTHER: 'o', API_TOKEN: 't', DEPLOY_ENV_ALLOWLIST: 'STRIPE_KEY, API_TOKEN' };
  expect(splitEnvironment(env).referable).toEqual({ STRIPE_KEY: 'z' });
});
