import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { withConfigLock } from '../../src/config/config-lock.js';
import { changeUserConfig, readUserConfig } from '../../src/config/user-config.js';

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

it('what stands in the place of the lock and is none ends a change, and says what to remove', async () => {
  const { path, remove } = await tempFolder('codegen-lock');
  await writeFile(join(path, 'config.lock'), '');
  const change = vi.fn();
  const waited = await withConfigLock(path, change, { patienceMs: 50 }).catch((error: unknown) => error);
  await remove();

  expect(waited).toMatchObject({ code: 'USAGE', next: [{ command: `rm -r ${join(path, 'config.lock')}` }] });
  expect(change).not.toHaveBeenCalled();
});

it('a folder for the configuration that cannot be made is named, and not tried for ever', async () => {
  const changed = changeUserConfig({ ORCHESTRATOR_CONFIG_DIR: '/proc/x/orchestrator' }, (config) => config);
  await expect(changed).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('(ENOENT)') });
});
