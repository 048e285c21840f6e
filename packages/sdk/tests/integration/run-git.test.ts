import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type GitOptions, initRepository, onRepository, resolveCommit, runGit } from '../../src/git/index.js';

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: folder, remove } = await tempFolder('codegen-git'));
});
afterEach(() => remove());

const path = process.env.PATH ?? '';
const who = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((role) => [
    [`GIT_${role}_NAME`, 'Tester'],
    [`GIT_${role}_EMAIL`, 'tester@codegen.invalid'],
  ]),
);
const git = (args: string[], options: Partial<GitOptions> = {}) => runGit(args, { path, env: who, ...options });
const place = () => ({ gitDir: join(folder, '.git'), folder });

async function program(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

describe('git', () => {
  it('runs nothing that a repository, the account or an address names', async () => {
    await git(initRepository(folder, { branch: 'main' }));
    const mark = join(folder, 'ran');
    const evil = await program('evil', `echo "$0 $*" >> ${mark}; cat`);
    await mkdir(join(folder, '.git', 'hooks'));
    for (const hook of ['pre-commit', 'post-checkout', 'post-commit', 'reference-transaction']) {
      await program(`.git/hooks/${hook}`, `echo ${hook} >> ${mark}`);
    }
    const account = join(folder, 'account');
    await writeFile(account, `[core]\n\thooksPath = ${join(folder, '.git', 'hooks')}\n\tfsmonitor = ${evil}\n`);
    const env = { ...who, HOME: folder, GIT_CONFIG_GLOBAL: account, GIT_ALLOW_PROTOCOL: 'ext' };
    await writeFile(join(folder, '.gitconfig'), `[core]\n\tfsmonitor = ${evil}\n`);
    await writeFile(join(folder, 'a.txt'), 'a');
    for (const args of [
      ['add', 'a.txt'],
      ['commit', '--quiet', '--message', 'a'],
      ['checkout', '--quiet', '-b', 'b'],
    ]) {
      expect(await git(onRepository(place(), ...args), { env })).toMatchObject({ exitCode: 0 });
    }
    for (const address of [`ext::${evil}`, 'http://127.0.0.1:9/x', 'git://127.0.0.1:9/x']) {
      const { exitCode, stderr } = await git(onRepository(place(), 'fetch', '--', address), { env });
      expect([address, exitCode, stderr]).toEqual([address, 128, expect.stringMatching(/transport '\w+' not allowed/)]);
    }
    await expect(readFile(mark)).rejects.toThrow('ENOENT');
  });

  it('gives any exit code, with what was said', async () => {
    expect(await git(resolveCommit({ gitDir: join(folder, 'none') }, 'main'))).toMatchObject({
      ...{ exitCode: 128, limit: undefined, stderr: expect.stringContaining('not a git repository') },
    });
    expect(await git(['stripspace'], { input: 'a  \n\n\n', encoding: 'latin1' })).toMatchObject({
      exitCode: 0,
      stdout: 'a\n',
    });
    const missing = await git(['version'], { path: folder });
    expect(missing).toMatchObject({ exitCode: undefined, limit: undefined, stderr: expect.stringContaining('ENOENT') });
  });

  it('is ended where it takes too long, prints too much, or nobody wants it any more', async () => {
    await program('bin/git', 'exec sleep 60');
    const slow = { path: `${join(folder, 'bin')}:${path}` };
    const late = await git(['version'], { ...slow, timeoutMs: 100 });
    expect(late).toMatchObject({ exitCode: undefined, limit: 'time', stderr: 'git took too long' });
    const input = 'x'.repeat(100_000);
    const cut = await git(['stripspace'], { input, mostBytes: 1000 });
    expect(cut).toMatchObject({ exitCode: undefined, limit: 'output', stdout: 'x'.repeat(1000) });
    const stop = new AbortController();
    const stopped = git(['version'], { ...slow, signal: stop.signal });
    stop.abort(new Error('stop'));
    await expect(stopped).rejects.toThrow('stop');
  });
});
