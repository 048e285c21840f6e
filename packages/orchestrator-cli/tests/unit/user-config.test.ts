import { mkdir, stat, utimes, writeFile } from 'node:fs/promises';
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

it('a lock with a time in the future is one that was left behind', async () => {
  const { path, remove } = await tempFolder('codegen-lock');
  const lock = join(path, 'config.lock');
  await mkdir(lock);
  const tomorrow = Date.now() / 1000 + 86_400;
  await utimes(lock, tomorrow, tomorrow);
  const change = vi.fn();
  await withConfigLock(path, change, { patienceMs: 1000 }).finally(remove);

  expect(change).toHaveBeenCalledOnce();
  await expect(stat(lock)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('what stands in the place of the lock and is none ends a change, and says what to remove', async () => {
  const { path, remove } = await tempFolder('codegen-lock');
  await writeFile(join(path, 'config.lock'), '');
  const change = vi.fn();
  const startedMs = performance.now();
  const waited = await withConfigLock(path, change).catch((error: unknown) => error);
  await remove();

  // At once: nobody will clear it away.
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect(waited).toMatchObject({ code: 'USAGE', next: [{ command: `rm -r ${join(path, 'config.lock')}` }] });
  expect(change).not.toHaveBeenCalled();
});

it('a folder for the configuration that cannot be made is named, and not tried for ever', async () => {
  const changed = changeUserConfig({ ORCHESTRATOR_CONFIG_DIR: '/proc/x/orchestrator' }, (config) => config);
  await expect(changed).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('(ENOENT)') });
});
