import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isStopped } from '@codegen/sdk/processes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { openDataFolder } from '../../src/data-folder.js';
import { stopStack } from '../../src/stop-stack.js';

describe('the data folder', () => {
  let temp: Awaited<ReturnType<typeof tempFolder>>;
  let root: string;
  const holders: ChildProcess[] = [];

  /** Starts a process that opens the folder, and returns its first output. */
  async function contend(): Promise<{ child: ChildProcess; says: string }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'fixtures', 'hold-lock.js'), root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    holders.push(child);
    const [chunk] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer];
    return { child, says: chunk.toString().trim() };
  }

  beforeEach(async () => {
    temp = await tempFolder();
    root = join(temp.path, 'data');
  });
  afterEach(async () => {
    for (const child of holders.splice(0)) child.kill('SIGKILL');
    await temp.remove();
  });

  it('that cannot be written is named in the error, with a next step', async () => {
    await mkdir(join(root, `lock.${process.pid}`), { recursive: true });

    await expect(openDataFolder(root)).rejects.toMatchObject({
      ...{ code: 'USAGE', message: `the data folder ${root} cannot be written (EISDIR)` },
      next: [{ command: `df -h ${root}` }],
    });
  });

  it('is made with its parts, only for this user', async () => {
    const folder = await openDataFolder(root);
    for (const part of ['db', 'redis', 'repos', 'workers', 'releases', 'keys', 'logs', 'run'] as const) {
      expect((await stat(folder[part])).mode & 0o777).toBe(0o700);
    }
    await folder.unlock();
  });

  it('belongs to one process, which the error of a second one names', async () => {
    const { child, says } = await contend();
    expect(says).toBe('locked');
    await expect(openDataFolder(root)).rejects.toMatchObject({
      code: 'DATA_FOLDER_LOCKED',
      exitCode: 5,
      message: expect.stringContaining(`process ${child.pid}`),
    });
  });

  it('is free again after its holder was killed', async () => {
    const { child } = await contend();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const folder = await openDataFolder(root);
    await folder.unlock();
  });

  it('is released when its holder is asked to stop, even after SIGSTOP', async () => {
    const { child } = await contend();
    child.kill('SIGSTOP');
    await waitFor('it to be stopped', () => isStopped(child.pid as number));
    expect(await stopStack(root, 5000)).toMatchObject({ state: 'stopped', pid: child.pid });
  });
});
