import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

export interface BareRepository {
  readonly path: string;
  /** Runs git in the repository and returns its output. */
  git(...args: string[]): Promise<string>;
  /** Adds a commit with these files (null: without them) to a branch and returns its id. */
  commit(files: Record<string, string | null>, branch?: string): Promise<string>;
}

/** A bare repository below `reposDir`, whose main has one commit with a README. */
export async function createBareRepository(reposDir: string, name = 'local/proj_1'): Promise<BareRepository> {
  const path = join(reposDir, `${name}.git`);
  await mkdir(path, { recursive: true });
  const run = async (cwd: string, args: string[]) => {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@codegen.invalid', '-c', 'commit.gpgSign=false'];
    return (await execa('git', ['-C', cwd, ...identity, ...args])).stdout;
  };
  await run(path, ['init', '--quiet', '--bare', '--initial-branch', 'main']);
  // As the scaffolder makes them.
  await run(path, ['config', 'receive.fsckObjects', 'true']);
  let clones = 0;
  const commit = async (files: Record<string, string | null>, branch = 'main') => {
    clones += 1;
    const clone = `${path}.clone-${clones}`;
    await run(dirname(path), ['clone', '--quiet', path, clone]);
    const exists = (await run(path, ['branch', '--list', branch])) !== '';
    await run(clone, exists ? ['checkout', '--quiet', branch] : ['checkout', '--quiet', '-B', branch]);
    for (const [file, text] of Object.entries(files)) {
      if (text === null) await rm(join(clone, file), { force: true });
      if (text === null) continue;
      await mkdir(dirname(join(clone, file)), { recursive: true });
      await writeFile(join(clone, file), text);
    }
    await run(clone, ['add', '--all']);
    await run(clone, ['commit', '--quiet', '--message', 'test commit']);
    await run(clone, ['push', '--quiet', 'origin', `HEAD:${branch}`]);
    return run(clone, ['rev-parse', 'HEAD']);
  };
  await commit({ 'README.md': '# A project\n' });
  return { path, commit, git: (...args) => run(path, args) };
}
