import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

/** Runs git in a folder, as somebody. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Tester', '-c', 'user.email=tester@codegen.invalid'];
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return (await execa('git', ['-C', folder, ...identity, ...args], { env })).stdout;
}

/** Commits files in a clone and pushes them to a branch, as a worker does. Returns the commit. */
export async function commitAndPush(
  clone: string,
  { files, branch, from }: { files: Record<string, string>; branch: string; from?: string },
): Promise<string> {
  await git(clone, 'fetch', '--quiet', 'origin');
  await git(clone, 'checkout', '--quiet', '--detach', from ?? 'origin/main');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), text);
  }
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'work');
  await git(clone, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
  return git(clone, 'rev-parse', 'HEAD');
}
