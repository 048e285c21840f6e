import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { changeUserConfig, readUserConfig } from '../../src/profiles/index.js';

it('a configuration that another user owns is read with a warning', async () => {
  const { path, remove } = await tempFolder('codegen-owner');
  const env = { ORCHESTRATOR_CONFIG_DIR: join(path, 'config') };
  await mkdir(env.ORCHESTRATOR_CONFIG_DIR);
  await writeFile(join(env.ORCHESTRATOR_CONFIG_DIR, 'config.json'), '{"profiles": {}}', { mode: 0o600 });
  const own: string[] = [];
  await readUserConfig(env, own);
  const getuid = vi.spyOn(process, 'getuid').mockReturnValue(12_345);
  const foreign: string[] = [];
  const config = await readUserConfig(env, foreign).finally(() => getuid.mockRestore());
  await remove();

  expect(own).toEqual([]);
  expect(config).toEqual({ profiles: {} });
  expect(foreign.join()).toContain('belongs to another user');
});

it.each([
  ['[]', false],
  ['null', false],
  ['7', false],
  ['{"current_profile": 3}', false],
  ['{"profiles": []}', false],
  ['{"profiles": null}', false],
  ['{"profiles": {"default": null}}', false],
  ['{"profiles": {"default": {"token": "sEcReT"}}}', false],
  ['{"profiles": {"default": {"api_url": "http://x", "token": ["sEcReT"]}}}', false],
  ['{"profiles": {"a": "sEcReT" ', false],
  ['', true],
  [' \n', true],
  ['\ufeff', true],
  ['\ufeff{"profiles": {}}', true],
  ['{"profiles": {}, "of_a_later_version": 1}', true],
])('a configuration %j is read, or refused as one that a login mends: %s', async (text, isFine) => {
  const { path, remove } = await tempFolder('codegen-shape');
  await writeFile(join(path, 'config.json'), text, { mode: 0o600 });
  const read = await readUserConfig({ ORCHESTRATOR_CONFIG_DIR: path }).catch((error: unknown) => error);
  await remove();

  if (isFine) expect(read).not.toBeInstanceOf(Error);
  else expect(read).toMatchObject({ code: 'USAGE', next: [{ command: expect.stringContaining('auth login') }] });
  expect(String(read)).not.toContain('sEcReT');
});

it('what stands in the place of the lock and is none ends a change, and says what to remove', async () => {
  const { path, remove } = await tempFolder('codegen-lock');
  const lock = join(path, 'config.json.lock');
  await mkdir(lock);
  const changed = await changeUserConfig({ ORCHESTRATOR_CONFIG_DIR: path }, (config) => config).catch(
    (error: unknown) => error,
  );
  await remove();

  expect(changed).toMatchObject({
    code: 'USAGE',
    message: `the configuration cannot be changed: ${lock} is not a file: remove it`,
  });
});

it('a folder for the configuration that cannot be made is named, and not tried for ever', async () => {
  const changed = changeUserConfig({ ORCHESTRATOR_CONFIG_DIR: '/proc/x/orchestrator' }, (config) => config);
  await expect(changed).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('(ENOENT)') });
});
