import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf, isSameProcess } from '@codegen/sdk/processes';
import { expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { endProcesses } from '../../src/end-processes.js';

it('processes of a folder are ended: by working folder, variable or argument, also if they ignore SIGTERM; others are not', async () => {
  const temp = await tempFolder();
  const folder = join(temp.path, 'dämo');
  const beside = join(temp.path, 'dämo-2');
  await Promise.all([folder, beside].map((path) => mkdir(path)));
  const children: ChildProcess[] = [];
  const start = async (script: string, cwd: string, env: NodeJS.ProcessEnv = {}, ...args: string[]) => {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const sayingSo = `${script} echo ready; while :; do sleep 0.05 > /dev/null; done`;
    const child = spawn('sh', ['-c', sayingSo, ...args], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: [...stdio],
    });
    children.push(child);
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    return identityOf(child.pid as number);
  };
  try {
    const inside = await Promise.all([
      start('', folder),
      start('trap "" TERM;', folder),
      start('', temp.path, { DATA: `${folder}/data` }),
      start('', temp.path, {}, `--dir=${folder}/data`),
    ]);
    const outside = await Promise.all([
      start('', beside),
      start('', temp.path, { DATA: `${beside}/data`, TMPDIR: temp.path }, `${beside}/x`),
    ]);
    await endProcesses(folder, 300);
    expect(inside.filter(isSameProcess)).toEqual([]);
    expect(outside.filter(isSameProcess)).toEqual(outside);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await temp.remove();
  }
});
