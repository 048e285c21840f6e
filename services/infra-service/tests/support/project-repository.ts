import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const FIXTURE = fileURLToPath(new URL('../fixtures/service', import.meta.url));

export interface CommitOptions {
  /** How the service behaves: the first argument of its server. */
  readonly variant?: string;
  readonly start?: readonly string[];
  readonly environment?: readonly object[];
  /** Further files, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A bare repository `<reposDir>/<fullName>.git` that gets commits of the fixture service on main. */
export class ProjectRepository {
  #count = 0;

  private constructor(
    readonly fullName: string,
    readonly bare: string,
    readonly work: string,
  ) {}

  static async create(reposDir: string, fullName: string): Promise<ProjectRepository> {
    const bare = join(reposDir, `${fullName}.git`);
    const work = `${bare}.work`;
    await git(reposDir, ['init', '--quiet', '--bare', '--initial-branch=main', bare]);
    await git(reposDir, ['clone', '--quiet', bare, work]);
    return new ProjectRepository(fullName, bare, work);
  }

  /** Commits a version of the service and gives its id. */
  async commit({ variant = 'healthy', start, environment = [], files = {} }: CommitOptions = {}): Promise<string> {
    this.#count += 1;
    await rm(join(this.work, 'package.json'), { force: true });
    await cp(FIXTURE, this.work, { recursive: true });
    const manifest = {
      name: 'fixture',
      test: ['true'],
      start: start ?? ['node', 'server.mjs', ...variant.split(' ')],
      environment,
    };
    const all = { '.project.yml': JSON.stringify(manifest), 'count.txt': `${this.#count}\n`, ...files };
    for (const [path, text] of Object.entries(all)) {
      await mkdir(dirname(join(this.work, path)), { recursive: true });
      await writeFile(join(this.work, path), text);
    }
    await git(this.work, ['add', '--all']);
    await git(this.work, ['commit', '--quiet', '--message', `version ${this.#count}`]);
    await git(this.work, ['push', '--quiet', 'origin', 'HEAD:main']);
    return (await git(this.work, ['rev-parse', 'HEAD'])).trim();
  }

  /** Commits something to a branch that is not merged, and gives its id. */
  async commitBeside(): Promise<string> {
    await git(this.work, ['commit', '--quiet', '--allow-empty', '--message', 'beside']);
    await git(this.work, ['push', '--quiet', 'origin', 'HEAD:refs/heads/task/beside/1']);
    const sha = (await git(this.work, ['rev-parse', 'HEAD'])).trim();
    await git(this.work, ['reset', '--quiet', '--hard', 'HEAD~1']);
    return sha;
  }
}

async function git(cwd: string, args: readonly string[]): Promise<string> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.invalid'];
  const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return (await execa('git', [...identity, ...args], { cwd, env })).stdout;
}
