import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';

const temp = mkdtempSync(join(tmpdir(), 'codegen-config-'));
afterAll(() => rmSync(temp, { recursive: true }));

describe('the configuration', () => {
  it('takes the data folder from the flag, then the variable, then the XDG data home, then the home folder', async () => {
    const env = { ORCHESTRATOR_DATA_DIR: '/variable', XDG_DATA_HOME: '/xdg' };
    expect((await readConfig(['--data-dir', '/flag'], env)).dataDir).toBe('/flag');
    expect((await readConfig([], env)).dataDir).toBe('/variable');
    expect((await readConfig([], { XDG_DATA_HOME: '/xdg' })).dataDir).toBe('/xdg/codegen-orchestrator');
    expect((await readConfig([], {})).dataDir).toMatch(/\/\.local\/share\/codegen-orchestrator$/);
  });

  it('refuses an agents file with errors, and lists all of them', async () => {
    const file = join(temp, 'faults.json');
    writeFileSync(file, JSON.stringify({ mine: { command: ['true'], allowenv: [], env: { '1A': 'x' } } }));
    await expect(readConfig(['--agents-file', file], process.env)).rejects.toMatchObject({
      code: 'USAGE',
      message: `the agents file ${file} has 2 errors`,
      details: { errors: [{ path: 'mine.allowenv' }, { path: 'mine.env.1A' }] },
    });
  });

  it('adds the agents of a file to its own', async () => {
    const file = join(temp, 'agents.json');
    writeFileSync(file, JSON.stringify({ mine: { command: ['true'] } }));
    const config = await readConfig(['--agents-file', file, '--agent', 'mine'], { PATH: process.env.PATH });
    expect(Object.keys(config.agents).sort()).toEqual(['demo', 'mine', 'project-tests']);
    expect(config.agent).toBe('mine');
    expect(config.openVariables).toEqual([]);
    expect((await readConfig([], { WORKER_ENV_ALLOWLIST: 'MODE' })).openVariables).toEqual(['MODE']);
  });

  it('reads the times of worker-manager and infra-service from their variables, and leaves the defaults to them', async () => {
    const env = { TERMINATE_GRACE_MS: '500', HEALTH_TIMEOUT_MS: '3000' };
    expect(await readConfig([], env)).toMatchObject({ terminateGraceMs: 500, healthTimeoutMs: 3000 });
    expect(await readConfig([], {})).toMatchObject({ terminateGraceMs: undefined, healthTimeoutMs: undefined });
    await expect(readConfig([], { HEALTH_TIMEOUT_MS: '3s' })).rejects.toThrow(/HEALTH_TIMEOUT_MS .*"3s"/);
  });

  it.each([
    ['an unknown flag', ['--prot', '1'], /--prot/],
    ['a port that is none', ['--port', 'http'], /--port.*65535/],
    ['a range that is none', ['--deploy-ports', '18000'], /--deploy-ports/],
    ['an unknown agent', ['--agent', 'gpt'], /gpt.*known: demo/],
    ['an agents file that is not there', ['--agents-file', '/nowhere.json'], /\/nowhere\.json/],
    ['an agents file that is not JSON', ['--agents-file', import.meta.filename], /not JSON/],
  ])('refuses %s as a usage error', async (_title, argv, message) => {
    await expect(readConfig(argv, {})).rejects.toMatchObject({
      code: 'USAGE',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('refuses an agent without a command', async () => {
    const file = join(temp, 'bad.json');
    for (const mine of [
      { command: 'rm -rf' },
      { command: ['true'], env: { A: 1 } },
      { command: ['true'], allowEnv: 'A' },
    ]) {
      writeFileSync(file, JSON.stringify({ mine }));
      await expect(readConfig(['--agents-file', file], { PATH: process.env.PATH })).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringMatching(/mine\.(command|env\.A|allowEnv): it must be/),
      });
    }
  });
});
