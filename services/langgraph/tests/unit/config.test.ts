import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';
import { turnTracingOff } from '../../src/engine/tracing.js';

const complete = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  API_URL: 'http://127.0.0.1:8000',
  API_TOKEN: 'cgk_x',
  DATABASE_URL: 'postgres://127.0.0.1/x',
  DEVELOPER_AGENT_CONFIG: 'demo',
};

describe('the configuration', () => {
  it.each(['REDIS_URL', 'API_URL', 'DATABASE_URL', 'DEVELOPER_AGENT_CONFIG'])('names %s when it is missing', (name) => {
    expect(() => readConfig({ ...complete, [name]: undefined })).toThrow(`${name} is not set. Set it to`);
  });

  it('says why the embedded database will not do', () => {
    expect(() => readConfig({ ...complete, DATABASE_URL: '' })).toThrow('belongs to one process');
  });

  it.each([
    ['LEASE_MS', '0'],
    ['SWEEP_MS', 'soon'],
    ['TURN_TIMEOUT', '1.5'],
    ['DATABASE_URL', 'mysql://x'],
    ['DEVELOPER_AGENT', 'parrot'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => readConfig({ ...complete, [name]: value })).toThrow(name);
  });

  it('has defaults for the rest', () => {
    expect(readConfig(complete)).toMatchObject({
      leaseMs: 15_000,
      sweepMs: 1000,
      developer: { agent: 'custom', agentConfig: 'demo', turnTimeoutSeconds: 1800 },
      tester: { agentConfig: 'project-tests' },
    });
  });

  it('names everything that is missing at once', () => {
    expect(() => readConfig({})).toThrow(
      /REDIS_URL is not set[\s\S]*API_URL is not set[\s\S]*API_TOKEN is not set[\s\S]*DATABASE_URL is not set[\s\S]*DEVELOPER_AGENT_CONFIG is not set/,
    );
  });
});

it('nothing is traced to a third party, whatever the environment says', () => {
  const before = { ...process.env };
  process.env.LANGSMITH_TRACING = 'true';
  turnTracingOff();
  expect(process.env.LANGSMITH_TRACING).toBe('false');
  expect(process.env.LANGCHAIN_TRACING_V2).toBe('false');
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
});
