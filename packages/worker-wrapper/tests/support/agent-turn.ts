import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { type Changes, Workspace } from '../../src/workspace.js';
import { type BareRepository, createBareRepository } from './bare-repository.js';

const SYSTEM_PATH = process.env.PATH as string;

/** Workers' folders on one repository, whose agents are shell scripts: no wrapper, no queue. */
export async function startTurns() {
  const folder = await tempFolder('codegen-turns');
  const repository = await createBareRepository(join(folder.path, 'repos'));
  let workers = 0;
  return {
    folder: folder.path,
    repository,
    worker: (options: { readOnly?: boolean } = {}) => {
      workers += 1;
      return AgentWorker.create(join(folder.path, `w-${workers}`), repository, options.readOnly ?? false);
    },
    stop: () => folder.remove(),
  };
}

/** One worker: its folder, and turns in it. */
class AgentWorker {
  readonly clone: string;
  readonly branch: string;
  readonly #canaries: string;
  readonly #workspace: Workspace;

  private constructor(
    readonly dir: string,
    readonly repository: BareRepository,
    readOnly: boolean,
  ) {
    this.clone = join(dir, 'repo');
    this.branch = `task/${dir.split('/').at(-1)}/1`;
    this.#canaries = `${dir}.canaries`;
    this.#workspace = new Workspace({
      folder: this.clone,
      ownFolder: join(dir, 'git'),
      repo: { url: repository.path, ref: 'main', readOnly },
      path: SYSTEM_PATH,
      workerId: 'w',
      retryMs: 10,
      signal: new AbortController().signal,
    });
  }

  static async create(dir: string, repository: BareRepository, readOnly: boolean): Promise<AgentWorker> {
    const worker = new AgentWorker(dir, repository, readOnly);
    for (const one of [worker.#canaries, join(dir, 'bin'), join(dir, 'home'), worker.clone]) {
      await mkdir(one, { recursive: true });
    }
    // Leaves its name wherever it is run from; passes on what it reads, as a filter does.
    const canary = `#!/bin/sh\n: > "${worker.#canaries}/\${1:-x}-$$"\nexec cat\n`;
    await writeFile(join(dir, 'bin', 'canary'), canary);
    await chmod(join(dir, 'bin', 'canary'), 0o755);
    return worker;
  }

  /** Lets a script have a turn; `$CANARY` is a program that must not run after it. Returns what the wrapper saw. */
  async turn(script: string): Promise<Changes> {
    const start = await this.#workspace.prepare();
    const env = { PATH: SYSTEM_PATH, HOME: join(this.dir, 'home'), CANARY: join(this.dir, 'bin', 'canary') };
    const options = { cwd: this.clone, env: { ...env, GIT_CEILING_DIRECTORIES: this.dir }, extendEnv: false };
    await execa('/bin/sh', ['-e', '-c', script], { ...options, stdin: 'ignore' });
    // What ran while the agent was there ran with its own rights.
    for (const ran of await this.canaries()) await rm(join(this.#canaries, ran));
    const changes = await this.#workspace.finish(start, 'Work of the agent');
    if (!this.#workspace.options.repo.readOnly) await this.#workspace.push(changes.sha, this.branch);
    return changes;
  }

  /** Programs of the agent that have run since its turn ended. */
  canaries(): Promise<string[]> {
    return readdir(this.#canaries);
  }

  /** A file of what was pushed. */
  pushed(path: string): Promise<string> {
    return this.repository.git('show', `${this.branch}:${path}`);
  }

  /** Paths of all that was pushed, with their modes. */
  async tree(): Promise<string[]> {
    const text = await this.repository.git('ls-tree', '-r', '-z', this.branch);
    const entry = (line: string) => `${line.slice(0, 6)} ${line.split('\t')[1]}`;
    return text.split('\0').filter(Boolean).map(entry);
  }
}
