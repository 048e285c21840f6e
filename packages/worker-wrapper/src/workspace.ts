import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskFault, faultInOutput, fullDisk, removeTree, SystemFault } from '@codegen/sdk/files';
import {
  GITLINK_MODE,
  type GitPlace,
  type GitResult,
  initRepository,
  isAncestor,
  LINK_MODE,
  leavesTree,
  parseGitEntries,
  parseObjects,
  readTree,
  resolveCommit,
  runGit,
} from '@codegen/sdk/git';
import { checkFile, MANIFEST_FILE, ManifestError, parseManifest } from '@codegen/sdk/manifest';
import {
  isFolder,
  moveObjects,
  putBack,
  type RepositoryState,
  readBytes,
  readState,
  restoreRefs,
  type SetAside,
  setAside,
} from './agent-repository.js';
import * as commands from './git-commands.js';

/** The changes of a turn, read from git. */
export interface Changes {
  readonly sha: string;
  readonly files: string[];
  /** Why the work is not acceptable yet, for the agent to fix. */
  readonly problem: string | undefined;
  /** Findings that a person should review. */
  readonly warnings: string[];
}

/** Further findings about the agent's repository. */
interface Findings {
  /** A file whose path is too long for git. */
  readonly tooLong: Buffer | undefined;
  /** Why the agent's commits could not be used. */
  readonly refused: string | undefined;
}

/** Cloning or pushing failed permanently. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

/** The operator's name for the machine, in fault messages. */
export const MACHINE = 'worker-manager';
const TRIES = 4;
const COMMAND_TIMEOUT_MS = 300_000;
const SEVERAL_PATHS = 10;
/** Maximum number of conflicting files read, and bytes of one. */
const MAX_CONFLICTS = 1000;
const MAX_CONFLICT_BYTES = 64 * 1024 * 1024;
/** System calls accept no longer target. */
const MAX_LINK_BYTES = 4096;
const PERMANENT =
  /does not exist|not found|not appear to be a git repository|permission denied|authentication failed|stale info|\[rejected\]|\[remote rejected\]|not a valid|invalid refspec/i;
/** git's errors about objects that are missing, corrupt, or rejected by the repository. */
const DAMAGED =
  /corrupt|missing (?:necessary|blob|tree|commit)|bad (?:object|tree)|unable to read (?:tree|[0-9a-f]{40})|fsck error|unpack failed|unpacker error/i;
/** Maximum bytes of a path or a git error in a sentence. */
const SHOWN_BYTES = 200;
/** Maximum bytes of a path passed to git. */
const MAX_ASKED_BYTES = 4000;
const FRESH_CLONE =
  'the next turn starts in a fresh clone at the last pushed commit: make the changes again and leave .git alone';

/**
 * A worker's clone. The wrapper clones before the agent and pushes after it; the agent's process is dead whenever a
 * method runs.
 *
 * Either the wrapper or the agent holds the repository: `prepare` moves it from the wrapper's folder into the clone, as its
 * `.git`. `finish` reads the agent's `.git` as data: its objects, HEAD and an uncommitted merge go into a new repository in the
 * wrapper's folder, and the rest is dropped. So the wrapper's git never uses configuration, an index, hooks or locks that the
 * agent could write, and each turn of the agent starts without them.
 *
 * States: none → (prepare) agent → (finish) wrapper → (prepare) agent …; lost is like none, but the folder is cleared first.
 */
export class Workspace {
  readonly folder: string;
  readonly #own: string;
  readonly #place: GitPlace;
  readonly #pushed = new Map<string, string>();
  #lastPushed: string | undefined;
  /** The repository's configuration as the wrapper created it. */
  #configuration = '';
  /** The commit at the start of the agent's turn. */
  #start = '';
  /** Head of the base branch at the start of the turn. */
  #base = '';
  /** Start of the first turn with an unfixed problem: changes are reported since then, so that a fix counts as a change. */
  #fixingSince: string | undefined;
  /** Repositories nested in the clone, restored for the agent's next turn. */
  #setAside: SetAside[] = [];
  /** Branches and stashes, which only the agent's repository has. */
  #refs: Pick<RepositoryState, 'refs' | 'stashLog'> = { refs: new Map(), stashLog: '' };
  /** Files that still have conflict markers; git forgets them with the commit. */
  #conflicts: string[] = [];
  /** State after the agent's turn, kept so that `finish` can be retried after a full disk. */
  #left: (RepositoryState & Findings) | undefined;
  #state: 'none' | 'agent' | 'wrapper' | 'lost' = 'none';

  constructor(
    readonly options: {
      readonly folder: string;
      /** Folder of the repository while no agent runs; the wrapper deletes and creates it. */
      readonly ownFolder: string;
      readonly repo: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
      readonly path: string;
      readonly workerId: string;
      /** Milliseconds before the first retry of a fetch or push; doubles with each retry. */
      readonly retryMs?: number;
      readonly signal: AbortSignal;
    },
  ) {
    this.folder = resolve(options.folder);
    this.#own = resolve(options.ownFolder);
    this.#place = { gitDir: join(this.#own, '.git'), folder: this.folder };
  }

  /**
   * Prepares the clone for a turn and returns the commit it starts from. Later turns continue from the last one, with the
   * base branch merged in if there is no conflict. After a turn that destroyed the clone, a new one starts at the last
   * pushed commit.
   * @throws {GitError} if the repository or the ref is not available
   */
  async prepare(): Promise<string> {
    this.#left = undefined;
    if (this.#state === 'agent') await this.#reclaim();
    if (this.#state === 'wrapper') {
      this.#start = await this.#head();
      await this.#fetch();
      const base = await this.#findBase();
      if (base) this.#base = base;
      if (base && !this.options.repo.readOnly) await this.#merge(base);
    } else await this.#clone();
    await restoreRefs(this.#place.gitDir, this.#refs);
    await rename(this.#place.gitDir, join(this.folder, '.git'));
    this.#state = 'agent';
    await putBack(this.#setAside);
    return this.#fixingSince ?? this.#start;
  }

  /**
   * Commits the agent's uncommitted work and returns the changes since `start`.
   * @throws {GitError} if that fails; after a destroyed clone the next turn gets a new one
   * @throws {SystemFault} if the machine is at fault: nothing is lost, and the call can be retried
   */
  async finish(start: string, message: string): Promise<Changes> {
    const fault = this.#left ? undefined : await diskFault(dirname(this.#own));
    if (fault) throw new SystemFault(fault, MACHINE);
    this.#left ??= await this.#reclaim();
    const left = this.#left;
    if (!left) {
      throw new GitError(`the agent destroyed the repository of its folder; ${FRESH_CLONE}`);
    }
    const problems: string[] = [];
    const warnings: string[] = [];
    if (!this.options.repo.readOnly) {
      if (left.unfinished) {
        problems.push(
          `${left.unfinished} was left unfinished and is aborted: the files are committed as they are, and branches are unchanged, with work renamed to work-left; check the files, and finish such operations before your turn ends`,
        );
      }
      const unresolved = await this.#unresolved(left.unmerged);
      if (unresolved.length > 0) {
        problems.push(
          `files have unresolved conflicts: ${listed(unresolved)}; resolve each conflict and remove the lines with <<<<<<<, ======= and >>>>>>>, or delete the file`,
        );
      }
      if (left.refused) {
        problems.push(
          `your commits cannot be used (${left.refused}): the files are committed as they are in the folder; check them, and commit only with "git add" and "git commit"`,
        );
      }
      const empty = await this.#replaceGitlinks();
      if (empty.length > 0) {
        problems.push(
          `the commit links other repositories without their files: ${listed(empty)}; add the files, or remove the link with "git rm --cached PATH"`,
        );
      }
      const missing = left.sparse ? await this.#restoreMissing() : [];
      if (missing.length > 0) {
        problems.push(
          `a sparse checkout removed files from the folder (${missing.length}, such as ${missing[0]}): they are restored and do not count as deleted; delete again those that you want to delete`,
        );
      }
      if (left.tooLong && !(await this.#isIgnored(left.tooLong))) {
        problems.push(
          `the path of a file is too long to commit: shorten the path ${left.tooLong.subarray(0, SHOWN_BYTES)}…, delete the file, or add it to .gitignore`,
        );
      }
      const added = await this.#run(commands.addAllCommand(this.#place));
      if (added.exitCode !== 0) {
        const why = added.stderr.trim().slice(-2000);
        throw await this.#failure(
          `the files cannot be committed: rename them, delete them or make them readable:\n${why}`,
        );
      }
      const checked = await this.#checkStaged();
      warnings.push(...checked.warnings);
      const hasExcluded = checked.refused.length > 0;
      if (hasExcluded) {
        problems.push(
          `files were excluded from the commit: ${listed(checked.refused.map(({ path, why }) => `${Buffer.from(path, 'latin1')} (${why})`))}; delete them, add generated files to .gitignore, keep secrets out of the repository, or allow a path under "files" of ${MANIFEST_FILE}`,
        );
        await this.#exclude(checked.refused.map(({ path }) => path));
      }
      // Only these problems are detected again in the next turn, so only their fix must count as a change.
      this.#fixingSince = hasExcluded || this.#conflicts.length > 0 ? start : undefined;
      const staged = await this.#run(commands.stagedCommand(this.#place));
      if (staged.exitCode !== 0 || (left.merged.length > 0 && !hasExcluded)) {
        await this.#runOrThrow(commands.commitCommand(this.#place), message);
      }
    }
    const sha = await this.#head();
    const names = await this.#runOrThrow(commands.changedFilesCommand(this.#place, start, sha));
    return { sha, files: names.split('\0').filter(Boolean), problem: problems.join('\n') || undefined, warnings };
  }

  /**
   * Pushes a commit to the branch of this worker's attempt.
   * @throws {GitError} if another writer changed the branch, or the repository stays unavailable
   */
  async push(sha: string, branch: string): Promise<void> {
    const { url } = this.options.repo;
    await this.#retry('pushing', async () => {
      const lease = this.#pushed.get(branch) ?? '';
      const result = await this.#run(commands.pushCommand(this.#place, url, sha, branch, lease));
      if (result.exitCode === 0) return undefined;
      // An earlier attempt may have succeeded although its answer was lost.
      const remote = await this.#run(commands.remoteBranchCommand(this.#place, url, branch));
      return remote.exitCode === 0 && remote.stdout.startsWith(sha) ? undefined : result.stderr;
    });
    this.#pushed.set(branch, sha);
    this.#lastPushed = sha;
  }

  #fetch(): Promise<void> {
    return this.#retry('cloning', async () => {
      const result = await this.#run(commands.fetchCommand(this.#place, this.options.repo.url));
      return result.exitCode === 0 ? undefined : result.stderr;
    });
  }

  async #findBase(): Promise<string | undefined> {
    const { ref } = this.options.repo;
    for (const revision of [`refs/remotes/origin/${ref}`, ...(/^[0-9a-f]{40,64}$/.test(ref) ? [ref] : [])]) {
      const found = await this.#commit(revision);
      if (found) return found;
    }
    return undefined;
  }

  async #commit(revision: string): Promise<string | undefined> {
    const found = await this.#run(resolveCommit(this.#place, revision));
    return found.exitCode === 0 ? found.stdout.trim() : undefined;
  }

  async #clone(): Promise<void> {
    // Before the first turn the folder may contain files that were sent to the worker.
    if (this.#state === 'lost') await removeTree(this.folder);
    await removeTree(this.#own);
    this.#setAside = [];
    this.#conflicts = [];
    this.#refs = { refs: new Map(), stashLog: '' };
    await mkdir(this.folder, { recursive: true });
    await mkdir(this.#own, { recursive: true, mode: 0o700 });
    await this.#runOrThrow(initRepository(this.#own, { branch: 'work' }));
    const path = join(this.#place.gitDir, 'config');
    this.#configuration = `${await readFile(path, 'utf8')}${commands.identityConfiguration}`;
    await writeFile(path, this.#configuration);
    await this.#fetch();
    const base = await this.#findBase();
    if (!base) throw new GitError(`the repository has no branch or commit ${this.options.repo.ref}`);
    this.#base = base;
    this.#fixingSince = undefined;
    this.#start = (this.#lastPushed && (await this.#commit(this.#lastPushed))) || base;
    await this.#runOrThrow(commands.checkoutCommand(this.#place, this.#start));
    if (this.#start !== base) await this.#merge(base);
  }

  /**
   * Rebuilds the wrapper's repository from the agent's, with the index at HEAD. If the agent's commits are not readable, its
   * files count as changes of the start commit; undefined if that is not readable either.
   */
  async #reclaim(): Promise<(RepositoryState & Findings) | undefined> {
    this.#state = 'lost';
    this.#setAside = [];
    // The agent may have removed its own access to the worker's folder.
    await chmod(dirname(this.#own), 0o700).catch(() => undefined);
    await removeTree(this.#own);
    if (!(await isFolder(this.folder))) return undefined;
    await mkdir(this.#own, { recursive: true, mode: 0o700 });
    const { moved, tooLong } = await setAside(this.folder, join(this.#own, 'aside'), this.options.signal);
    const [top, ...others] = moved;
    if (top?.from.toString() !== join(this.folder, '.git')) return undefined;
    const { gitDir } = this.#place;
    await mkdir(join(gitDir, 'objects'), { recursive: true });
    await mkdir(join(gitDir, 'refs', 'heads'), { recursive: true });
    await writeFile(join(gitDir, 'HEAD'), 'ref: refs/heads/work\n');
    await writeFile(join(gitDir, 'config'), this.#configuration);
    await moveObjects(join(top.at, 'objects'), join(gitDir, 'objects'));
    const left = await readState(top.at);
    await removeTree(top.at);
    const head = left.head ?? this.#start;
    let refused: string | undefined;
    for (const state of [left, { ...left, head, merged: [] }, { ...left, head: this.#start, merged: [] }]) {
      const why = await this.#setHead(state.head ?? this.#start, state.merged);
      if (why !== undefined) refused ??= left.head && why;
      if (why !== undefined) continue;
      this.#setAside = others;
      this.#refs = { refs: keptRefs(state), stashLog: state.stashLog };
      this.#state = 'wrapper';
      return { ...state, tooLong, refused };
    }
    return undefined;
  }

  /**
   * Sets HEAD and the other parents of a pending merge. Returns the reason if the commit is not readable: a few trees that
   * contain each other many times may describe more files than fit in memory.
   */
  async #setHead(head: string, merged: readonly string[]): Promise<string | undefined> {
    const { gitDir } = this.#place;
    for (const command of [
      commands.readableCommand(this.#place, [head, ...merged], this.#start),
      ...(head === this.#start ? [] : [commands.listTreeCommand(this.#place, head)]),
      readTree(this.#place, head),
    ]) {
      const result = await this.#run(command);
      if (result.exitCode !== 0)
        return result.stderr.trim().slice(-SHOWN_BYTES) || `git exited with code ${result.exitCode}`;
    }
    await writeFile(join(gitDir, 'refs', 'heads', 'work'), `${head}\n`);
    if (merged.length > 0) await writeFile(join(gitDir, 'MERGE_HEAD'), `${merged.join('\n')}\n`);
    return undefined;
  }

  /**
   * Files that still have conflict markers, also if they are staged as resolved; and unmerged files into which git writes no
   * markers.
   */
  async #unresolved(unmerged: ReadonlyMap<string, boolean>): Promise<string[]> {
    const marked: string[] = [];
    const unmarked: string[] = [];
    for (const path of [...new Set([...this.#conflicts, ...unmerged.keys()])].slice(0, MAX_CONFLICTS)) {
      const text = (await readBytes(this.folder, path, MAX_CONFLICT_BYTES))?.toString('latin1');
      const hasNoMarks = unmerged.get(path) === false || text?.includes('\0');
      if (text !== undefined && /^<{7}(?: |\r?$)/m.test(text)) marked.push(path);
      else if (unmerged.has(path) && hasNoMarks) unmarked.push(path);
    }
    this.#conflicts = marked;
    return [...marked, ...unmarked];
  }

  /** Applies the file rules to all changed files. Links that lead out of the repository are always rejected. */
  async #checkStaged(): Promise<{ refused: { path: string; why: string }[]; warnings: string[] }> {
    const changed = parseChanges(
      await this.#runOrThrow(commands.stagedSinceCommand(this.#place, this.#base), undefined, 'latin1'),
    );
    if (changed.length === 0) return { refused: [], warnings: [] };
    const ids = changed.map(({ id }) => `${id}\n`).join('');
    const sizes = (await this.#runOrThrow(commands.sizesCommand(this.#place), ids)).split('\n');
    const targets = await this.#targets(
      changed.filter(({ mode }, index) => mode === LINK_MODE && Number(sizes[index]) <= MAX_LINK_BYTES),
    );
    const keys = await this.#keys();
    const rules = await this.#fileRules();
    const refused: { path: string; why: string }[] = [];
    const warnings: string[] = [];
    for (const [index, { mode, id, path }] of changed.entries()) {
      const name = Buffer.from(path, 'latin1').toString();
      if (mode === LINK_MODE && leavesTree(path, targets.get(id) ?? '/')) {
        refused.push({ path, why: 'a link that leads out of the repository' });
        continue;
      }
      const finding = checkFile({ path: name, bytes: Number(sizes[index]) || 0, holdsKey: keys.has(path) }, rules);
      if (finding?.action === 'refuse') refused.push({ path, why: finding.why });
      else if (finding) warnings.push(`${name} is in the commit: ${finding.why}`);
    }
    return { refused, warnings };
  }

  async #targets(links: readonly { id: string }[]): Promise<Map<string, string>> {
    if (links.length === 0) return new Map();
    const ids = [...new Set(links.map(({ id }) => `${id}\n`))].join('');
    return parseObjects(await this.#runOrThrow(commands.objectsCommand(this.#place), ids, 'latin1'));
  }

  /** Files with a private key that this work has added. */
  async #keys(): Promise<Set<string>> {
    const changed = await this.#runOrThrow(commands.changedKeysCommand(this.#place, this.#base), undefined, 'latin1');
    if (changed === '') return new Set();
    const { stdout } = await this.#run(commands.keysCommand(this.#place), undefined, 'latin1');
    const holding = new Set(stdout.split('\0'));
    return new Set(changed.split('\0').filter((path) => holding.has(path)));
  }

  /** The file rules of `.project.yml`; its other readers report an invalid one. */
  async #fileRules() {
    const found = await this.#run(commands.contentCommand(this.#place, `:${MANIFEST_FILE}`));
    try {
      return found.exitCode === 0 ? parseManifest(found.stdout).files : undefined;
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return undefined;
    }
  }

  /** Unstages files, and drops the agent's commits of the turn, since history would keep the files. */
  async #exclude(paths: readonly string[]): Promise<void> {
    await this.#runOrThrow(commands.unstageCommand(this.#place, this.#base), Buffer.from(paths.join('\0'), 'latin1'));
    await writeFile(join(this.#place.gitDir, 'refs', 'heads', 'work'), `${this.#start}\n`);
    await rm(join(this.#place.gitDir, 'MERGE_HEAD'), { force: true });
  }

  /** Restores files of the commit that are missing in the folder, and returns their paths. */
  async #restoreMissing(): Promise<string[]> {
    const missing = await this.#runOrThrow(commands.missingFilesCommand(this.#place), undefined, 'latin1');
    await this.#runOrThrow(commands.restoreCommand(this.#place), Buffer.from(missing, 'latin1'));
    return Buffer.from(missing, 'latin1').toString().split('\0').filter(Boolean);
  }

  /** Whether a path that is too long for git is in an ignored folder. */
  async #isIgnored(path: Buffer): Promise<boolean> {
    const folder = path.subarray(0, path.lastIndexOf('/', MAX_ASKED_BYTES));
    return (await this.#run(commands.ignoredCommand(this.#place), folder)).exitCode === 0;
  }

  /**
   * Removes the agent's links to other repositories from the index if their files are present, so that the files are
   * committed instead. Returns the paths of links without files.
   */
  async #replaceGitlinks(): Promise<string[]> {
    const staged = await this.#runOrThrow(commands.stagedFilesCommand(this.#place), undefined, 'latin1');
    const links = parseGitEntries(staged).filter(({ mode }) => mode === GITLINK_MODE);
    const full: string[] = [];
    const empty: string[] = [];
    for (const { path } of links) {
      const name = Buffer.from(path, 'latin1');
      const files = await readdir(Buffer.concat([Buffer.from(`${this.folder}/`), name])).catch(() => undefined);
      if (files?.length === 0) empty.push(name.toString());
      if (files?.length) full.push(`${path}\0`);
    }
    if (full.length > 0)
      await this.#runOrThrow(commands.forgetCommand(this.#place), Buffer.from(full.join(''), 'latin1'));
    return empty;
  }

  async #merge(base: string): Promise<void> {
    const included = await this.#run(isAncestor(this.#place, base, 'HEAD'));
    if (included.exitCode === 0) return;
    const merged = await this.#run(commands.mergeCommand(this.#place, base));
    if (merged.exitCode !== 0) await this.#run(commands.abortMergeCommand(this.#place));
  }

  async #head(): Promise<string> {
    return (await this.#runOrThrow(resolveCommit(this.#place, 'HEAD'))).trim();
  }

  /** Retries `attempt` until it returns no error text; throws on a permanent error and after the last try. */
  async #retry(doing: string, attempt: () => Promise<string | undefined>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const error = await attempt();
      if (error === undefined) return;
      const last = tries >= TRIES || PERMANENT.test(error);
      if (last) throw await this.#failure(`${doing} failed: ${error.trim().slice(-2000) || 'git gave no reason'}`);
      await sleep((this.options.retryMs ?? 1000) * 2 ** (tries - 1), undefined, { signal: this.options.signal });
    }
  }

  /** Classifies a failure of git. With damaged objects, no later turn can succeed in this repository. */
  async #failure(text: string): Promise<GitError | SystemFault> {
    const here = await fullDisk(this.folder);
    const there = here ? undefined : await fullDisk(this.options.repo.url);
    const fault = here ?? there ?? faultInOutput(text);
    if (fault) return new SystemFault(fault, there ? 'the repositories' : MACHINE);
    if (!DAMAGED.test(text)) return new GitError(text);
    this.#state = 'lost';
    return new GitError(`${text}\n${FRESH_CLONE}`);
  }

  async #runOrThrow(command: readonly string[], input?: string | Buffer, encoding?: 'latin1'): Promise<string> {
    const result = await this.#run(command, input, encoding);
    if (result.exitCode === 0) return result.stdout;
    throw await this.#failure(`git failed: ${result.stderr.trim().slice(-2000) || `exit code ${result.exitCode}`}`);
  }

  async #run(args: readonly string[], input?: string | Buffer, encoding: 'utf8' | 'latin1' = 'utf8') {
    const { path, workerId, signal } = this.options;
    const result = await runGit(args, {
      ...{ path, input, encoding, signal, timeoutMs: COMMAND_TIMEOUT_MS, mostBytes: 64 * 1024 * 1024 },
      // worker-manager finds the processes of a dead worker by its id.
      env: { ...commands.identityEnvironment, WORKER_ID: workerId },
    });
    return { ...result, stderr: limitError(result) ?? result.stderr };
  }
}

/** Parses the output of `git diff --raw -z`, without gitlinks. */
function parseChanges(text: string): { mode: string; id: string; path: string }[] {
  const parts = text.split('\0');
  const changes = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, mode = '', , id = ''] = (parts[at] as string).split(' ');
    if (mode !== GITLINK_MODE) changes.push({ mode, id, path: parts[at + 1] as string });
  }
  return changes;
}

/** The first paths, and the number of the others. */
function listed(paths: readonly string[]): string {
  const more = paths.length > SEVERAL_PATHS ? ` and ${paths.length - SEVERAL_PATHS} more` : '';
  return `${paths.slice(0, SEVERAL_PATHS).join(', ')}${more}`;
}

/** An error text for a git that was stopped at a limit, since git prints none. */
function limitError({ limit }: GitResult): string | undefined {
  if (limit === undefined) return undefined;
  const what =
    limit === 'time' ? `git timed out after ${COMMAND_TIMEOUT_MS / 60_000} minutes` : 'there are too many files';
  return `${what}: commit fewer or smaller files, and add generated files to .gitignore`;
}

/** The agent's branches except its head; the work branch is kept under another name if HEAD is elsewhere. */
function keptRefs({ refs, head }: RepositoryState): Map<string, string> {
  const kept = new Map([...refs].filter(([name]) => !/^refs\/heads\/work(?:\/|$)/.test(name)));
  const work = refs.get('refs/heads/work');
  if (work && head && work !== head) kept.set('refs/heads/work-left', work);
  return kept;
}
