import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';

const env = { WORKER_ID: 'w-1', REDIS_URL: 'redis://localhost', WORKER_DIR: '/w', AGENT_COMMAND: '["agent"]' };

describe('readConfig', () => {
  it('fills in the defaults', () => {
    const config = readConfig(env);
    expect(config).toMatchObject({ workerType: 'developer', terminateGraceMs: 10_000, agent: { command: ['agent'] } });
    expect(config.repo).toBeUndefined();
  });

  it.each(['WORKER_ID', 'REDIS_URL', 'WORKER_DIR'])('names %s when it is missing', (name) => {
    expect(() => readConfig({ ...env, [name]: undefined })).toThrow(`${name} is not set`);
  });

  it('names the invalid variable without quoting its value', () => {
    expect(() => readConfig({ ...env, AGENT_COMMAND: 'agent --x' })).toThrow('AGENT_COMMAND is not valid JSON');
    expect(() => readConfig({ ...env, AGENT_ENV: '["hunter2"]' })).toThrow(
      /^AGENT_ENV must be a JSON object of strings\.$/,
    );
    expect(() => readConfig({ ...env, AGENT_ENV: '{"A": hunter2' })).toThrow(/^AGENT_ENV is not valid JSON\.$/);
    expect(() => readConfig({ ...env, TERMINATE_GRACE_MS: 'soon' })).toThrow('TERMINATE_GRACE_MS must be');
  });
});
