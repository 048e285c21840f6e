import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';

const env = { REDIS_URL: 'redis://h', API_URL: 'http://api', API_TOKEN: 't' };

test('addresses, token and interval come from the environment', () => {
  expect(readConfig(env)).toEqual({ redisUrl: 'redis://h', api: { url: 'http://api', token: 't' }, intervalMs: 500 });
  expect(readConfig({ ...env, RELAY_INTERVAL_MS: '50' }).intervalMs).toBe(50);
});

test('what is missing or wrong is named', () => {
  expect(() => readConfig({ ...env, REDIS_URL: '' })).toThrow(/REDIS_URL/);
  expect(() => readConfig({ ...env, API_URL: undefined })).toThrow(/API_URL/);
  expect(() => readConfig({ ...env, API_TOKEN: undefined })).toThrow(/API_TOKEN/);
  expect(() => readConfig({ ...env, API_TOKEN: undefined, API_TOKEN_FILE: '/no/such' })).toThrow(/API_TOKEN_FILE/);
  expect(() => readConfig({ ...env, RELAY_INTERVAL_MS: '1' })).toThrow(/RELAY_INTERVAL_MS/);
});
