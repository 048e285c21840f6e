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
  await writeFile(agentsFile, JSON.stringify({ demo: { command: ['sh'], env: { A: '1' } } }));
  env = {
    REDIS_URL: 'redis://localhost',
    WORKERS_DIR: '/w',
    REPOS_DIR: '/r',
    AGENTS_FILE: agentsFile,
    API_URL: 'http://api',
    API_TOKEN: 'cgk_x',
    PATH: process.env.PATH ?? '',
  };
});
afterAll(() => folder.remove());

describe('readConfig', () => {
  it('reads the agents, and the token from a file', async () => {
    const tokenFile = join(folder.path, 'token');
    await writeFile(tokenFile, 'cgk_token\n');
    const config = await readConfig({
      ...env,
      API_TOKEN: '',
      API_TOKEN_FILE: tokenFile,
      MAX_WORKERS: '3',
      INSTANCE: 'one',
    });
    expect(config).toMatchObject({
      api: { url: 'http://api', token: 'cgk_token' },
      agents: { demo: { command: ['sh'], env: { A: '1' } } },
      maxWorkers: 3,
      name: 'one',
    });
    expect((await readConfig(env)).openVariables).toEqual([]);
    expect((await readConfig({ ...env, WORKER_ENV_ALLOWLIST: 'MODE, REGION' })).openVariables).toEqual([
      'MODE',
      'REGION',
    ]);
  });

  it.each(['REDIS_URL', 'API_URL', 'API_TOKEN', 'WORKERS_DIR', 'REPOS_DIR', 'AGENTS_FILE'])(
    'names %s when it is missing',
    async (name) => {
      await expect(readConfig({ ...env, [name]: '' })).rejects.toThrow(`${name} is not set`);
    },
  );

  it('names what is wrong', async () => {
    await expect(readConfig({ ...env, MAX_WORKERS: 'many' })).rejects.toThrow('MAX_WORKERS must be a whole number');
    const pattern = readConfig({ ...env, WORKER_ENV_ALLOWLIST: 'MODE,API_*' });
    await expect(pattern).rejects.toThrow('"API_*" is no variable name');
    await expect(readConfig({ ...env, AGENTS_FILE: '/nowhere.json' })).rejects.toThrow(
      'AGENTS_FILE: the agents file /nowhere.json does not fit: there is no such file: make it, or name another one',
    );
    await expect(readConfig({ MAX_WORKERS: 'many' })).rejects.toThrow(
      /REDIS_URL is not set[\s\S]*API_URL is not set[\s\S]*WORKERS_DIR is not set[\s\S]*AGENTS_FILE is not set[\s\S]*MAX_WORKERS must/,
    );
  });
});
