import { lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import * as commands from './git-commands.js';

/** What a turn did to the clone, as git tells it. */
export interface Changes {
  readonly sha: string;
  readonly files: string[];
  /** Whether the history moved since the turn began. */
  readonly moved: boolean;
}

/** Cloning or pushing failed for good. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

const TRIES = 4;
const COMMAND_TIMEOUT_MS = 300_000;
const PERMANENT =
  /does not exist|not found|not appear to be a git repository|permission denied|authentication failed|stale info|\[rejected\]|\[remote rejected\]|not a valid|invalid refspec/i;

/**
 * A worker's clone. The wrapper clones before the agent and pushes after it; the agent's process is dead whenever a
 * method runs.
 */
export class Workspace {
  readonly folder: string;
  readonly #pushed = new Map<string, string>();
  #lastPushed: string | undefined;
  /** The clone's configuration as the wrapper made it. */
  #configuration = '';
  #state: 'none' | 'cloned' | 'destroyed' = 'none';

  constructor(
    readonly options: {
      readonly folder: string;
      readonly repo: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
      readonly path: string;
      readonly workerId: string;
      /** Milliseconds before the second try of a fetch or a push; doubles for each further one. */
      readonly retryMs?: number;
      readonly signal: AbortSignal;
    },
  ) {
    this.folder = options.folder;
  }

  /**
   * Makes the clone ready for a turn and returns the commit it starts from. Later turns go on where the last one ended,
   * with what came to the base branch meanwhile merged in, if that goes without conflicts. After a turn that destroyed
   * the clone there is a new one, at what was pushed last.
   * @throws {GitError} where the repository or the ref cannot be had
   */
  async prepare(): Promise<string> {
    const { ref } = this.options.repo;
    if (this.#state === 'cloned' && !(await this.#isIntact('HEAD'))) this.#state = 'destroyed';
    if (this.#state !== 'cloned') {
      // Not what is there before the first turn: files may have been sent to the worker.
      if (this.#state === 'destroyed') await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
      await mkdir(this.folder, { recursive: true });
      await this.#must(commands.initCommand(this.folder));
      for (const command of commands.identityCommands(this.folder)) await this.#must(command);
      this.#configuration = await readFile(join(this.folder, '.git', 'config'), 'utf8');
      await this.#fetch();
      const base = await this.#base();
      if (!base) throw new GitError(`there is neither a branch nor a commit ${ref} in the repository`);
      const start = (this.#lastPushed && (await this.#commit(this.#lastPushed))) ?? base;
      await this.#must(commands.checkoutCommand(this.folder, start));
      this.#state = 'cloned';
      if (start !== base) await this.#merge(base);
      return start;
    }
    const start = await this.#head();
    await this.#fetch();
    const base = await this.#base();
    if (base && !this.options.repo.readOnly) await this.#merge(base);
    return start;
  }

  /**
   * Commits what the agent left uncommitted and says what changed since `start`.
   * @throws {GitError} where that cannot be done; where the clone is destroyed, the next turn gets a new one
   */
  async finish(start: string, message: string): Promise<Changes> {
    if (!(await this.#isIntact(start))) {
      this.#state = 'destroyed';
      throw new GitError('the agent destroyed the repository of its folder: the next turn starts in a fresh clone');
    }
    if (!this.options.repo.readOnly) {
      await this.#must(commands.addAllCommand(this.folder));
      const staged = await this.#run(commands.stagedCommand(this.folder));
      if (staged.exitCode !== 0) await this.#must(commands.commitCommand(this.folder), message);
    }
    const sha = await this.#head();
    const names = await this.#must(commands.changedFilesCommand(this.folder, start, sha));
    return { sha, files: names.split('\0').filter(Boolean), moved: sha !== start };
  }

  /**
   * Pushes a commit to the branch of this worker's attempt.
   * @throws {GitError} where the branch is another's, or the repository stays away
   */
  async push(sha: string, branch: string): Promise<void> {
    const { url } = this.options.repo;
    await this.#persist('pushing', async () => {
      const lease = this.#pushed.get(branch) ?? '';
      const result = await this.#run(commands.pushCommand(this.folder, url, sha, branch, lease));
      if (result.exitCode === 0) return undefined;
      // The answer to an earlier try may have been lost.
      const remote = await this.#run(commands.remoteBranchCommand(this.folder, url, branch));
      return remote.exitCode === 0 && remote.stdout.startsWith(sha) ? undefined : result.stderr;
    });
    this.#pushed.set(branch, sha);
    this.#lastPushed = sha;
  }

  #fetch(): Promise<void> {
    return this.#persist('cloning', async () => {
      const result = await this.#run(commands.fetchCommand(this.folder, this.options.repo.url));
      return result.exitCode === 0 ? undefined : result.stderr;
    });
  }

  async #base(): Promise<string | undefined> {
    const { ref } = this.options.repo;
    for (const revision of [`refs/remotes/origin/${ref}`, ...(/^[0-9a-f]{40,64}$/.test(ref) ? [ref] : [])]) {
      const found = await this.#commit(revision);
      if (found) return found;
    }
    return undefined;
  }

  async #commit(revision: string): Promise<string | undefined> {
    const found = await this.#run(commands.resolveCommand(this.folder, revision));
    return found.exitCode === 0 ? found.stdout.trim() : undefined;
  }

  /** Whether the clone is one, not a link to another repository, and its history and index can be read. */
  async #isIntact(start: string): Promise<boolean> {
    for (const path of [this.folder, join(this.folder, '.git')]) {
      if (!(await lstat(path).catch(() => undefined))?.isDirectory()) return false;
    }
    await this.#clearLocks();
    await this.#restoreConfiguration();
    if (!(await this.#commit('HEAD')) || !(await this.#commit(start))) return false;
    const { exitCode } = await this.#run(commands.stagedCommand(this.folder));
    return exitCode === 0 || exitCode === 1;
  }

  async #merge(base: string): Promise<void> {
    const included = await this.#run(commands.isAncestorCommand(this.folder, base, 'HEAD'));
    if (included.exitCode === 0) return;
    const merged = await this.#run(commands.mergeCommand(this.folder, base));
    if (merged.exitCode !== 0) await this.#run(commands.abortMergeCommand(this.folder));
  }

  async #head(): Promise<string> {
    return (await this.#must(commands.resolveCommand(this.folder, 'HEAD'))).trim();
  }

  /** A git that died with the agent leaves its locks behind. */
  async #clearLocks(): Promise<void> {
    for (const name of ['index.lock', 'HEAD.lock']) await rm(join(this.folder, '.git', name), { force: true });
  }

  /** The agent's own may name programs, such as filters, which the wrapper's git would run after the turn. */
  async #restoreConfiguration(): Promise<void> {
    const path = join(this.folder, '.git', 'config');
    // Removed first: it may be a link to a file of somebody else's.
    await rm(path, { recursive: true, force: true });
    await writeFile(path, this.#configuration);
  }

  /** Tries until `attempt` returns no complaint; a permanent one, or the last, throws. */
  async #persist(doing: string, attempt: () => Promise<string | undefined>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const complaint = await attempt();
      if (complaint === undefined) return;
      const last = tries >= TRIES || PERMANENT.test(complaint);
      if (last) throw new GitError(`${doing} failed: ${complaint.trim().slice(-2000) || 'git gave no reason'}`);
      await sleep((this.options.retryMs ?? 1000) * 2 ** (tries - 1), undefined, { signal: this.options.signal });
    }
  }

  async #must(command: readonly string[], input?: string): Promise<string> {
    const result = await this.#run(command, input);
    if (result.exitCode === 0) return result.stdout;
    throw new GitError(`git failed: ${result.stderr.trim().slice(-2000) || `exit code ${result.exitCode}`}`);
  }

  async #run(command: readonly string[], input?: string) {
    const [program, ...args] = command as [string, ...string[]];
    const result = await execa(program, args, {
      env: commands.gitEnvironment(this.options.path, this.options.workerId, dirname(resolve(this.folder))),
      extendEnv: false,
      reject: false,
      stripFinalNewline: false,
      timeout: COMMAND_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
      ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      cancelSignal: this.options.signal,
    });
    this.options.signal.throwIfAborted();
    return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr || (result.shortMessage ?? '') };
  }
}
