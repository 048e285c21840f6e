import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { readConfig } from '../../src/config.js';

let folder: Awaited<ReturnType<typeof tempFolder>>;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await tempFolder();
  const agentsFile = join(folder.path, 'agents.json');
  await writeFile(agentsFile, JSON.stringify({ demo: { command: ['demo'], env: { A: '1' } } }));
  env = { REDIS_URL: 'redis://localhost', WORKERS_DIR: '/w', REPOS_DIR: '/r', AGENTS_FILE: agentsFile };
});
afterAll(() => folder.remove());

describe('readConfig', () => {
  it('reads the agents, and the token from a file', async () => {
    const tokenFile = join(folder.path, 'token');
    await writeFile(tokenFile, 'cgk_token\n');
    const config = readConfig({ ...env, API_URL: 'http://api', API_TOKEN_FILE: tokenFile, MAX_WORKERS: '3' });
    expect(config).toMatchObject({
      api: { url: 'http://api', token: 'cgk_token' },
      agents: { demo: { command: ['demo'], env: { A: '1' } } },
      maxWorkers: 3,
    });
    expect(readConfig(env).openVariables).toBeUndefined();
    expect(readConfig({ ...env, WORKER_ENV_ALLOWLIST: 'MODE, REGION' }).openVariables).toEqual(['MODE', 'REGION']);
  });

  it.each(['REDIS_URL', 'WORKERS_DIR', 'REPOS_DIR', 'AGENTS_FILE'])('names %s when it is missing', (name) => {
    expect(() => readConfig({ ...env, [name]: '' })).toThrow(`${name} is not set`);
  });

  it('names what is wrong', async () => {
    expect(() => readConfig({ ...env, MAX_WORKERS: 'many' })).toThrow('MAX_WORKERS must be a whole number');
    expect(() => readConfig({ ...env, API_URL: 'http://api' })).toThrow('API_TOKEN is not set');
    expect(() => readConfig({ ...env, WORKER_ENV_ALLOWLIST: 'MODE,API_*' })).toThrow('"API_*" is no variable name');
    const broken = join(folder.path, 'broken.json');
    for (const agent of [
      { command: 'demo --fast' },
      { command: ['demo'], env: { A: 1 } },
      { command: ['demo'], allowEnv: 'A' },
      { command: ['demo'], allowEnv: ['*'] },
      { command: ['demo'], allowEnv: ['A*B'] },
      null,
    ]) {
      await writeFile(broken, JSON.stringify({ demo: agent }));
      expect(() => readConfig({ ...env, AGENTS_FILE: broken })).toThrow('the agent "demo" does not fit');
    }
    await writeFile(broken, JSON.stringify({ demo: { command: ['demo'], allowEnv: ['A', 'APP_*'] } }));
    expect(readConfig({ ...env, AGENTS_FILE: broken }).agents.demo?.allowEnv).toEqual(['A', 'APP_*']);
  });
});
