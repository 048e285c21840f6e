import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskFault, fullDisk, removeTree, SystemFault, saidFault } from '@codegen/sdk/files';
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
import { judgeFile, MANIFEST_FILE, ManifestError, parseManifest } from '@codegen/sdk/manifest';
import * as commands from './git-commands.js';
import {
  giveRefs,
  isFolder,
  type LeftState,
  moveObjects,
  putBack,
  readBytes,
  readState,
  type SetAside,
  setAside,
} from './left-repository.js';

/** What a turn did to the clone, as git tells it. */
export interface Changes {
  readonly sha: string;
  readonly files: string[];
  /** Why this cannot be the end of the work, for the agent to mend. */
  readonly problem: string | undefined;
  /** What somebody should look at. */
  readonly warnings: string[];
}

/** What else a turn left behind. */
interface Left {
  /** A file whose path is too long for git. */
  readonly tooLong: Buffer | undefined;
  /** Why the agent's commits could not be taken. */
  readonly refused: string | undefined;
}

/** Cloning or pushing failed for good. */
export class GitError extends Error {
  override readonly name = 'GitError';
}

/** Whose machine it is, as its operator calls it. */
export const MACHINE = 'worker-manager';
const TRIES = 4;
const COMMAND_TIMEOUT_MS = 300_000;
const SEVERAL_PATHS = 10;
/** Files with a conflict that are looked at, and bytes of one. */
const MAX_CONFLICTS = 1000;
const MAX_CONFLICT_BYTES = 64 * 1024 * 1024;
/** A system call takes no longer one. */
const MAX_LINK_BYTES = 4096;
const PERMANENT =
  /does not exist|not found|not appear to be a git repository|permission denied|authentication failed|stale info|\[rejected\]|\[remote rejected\]|not a valid|invalid refspec/i;
/** What git says of objects that are not there, or not what their names say, and of those that a repository refuses. */
const DAMAGED =
  /corrupt|missing (?:necessary|blob|tree|commit)|bad (?:object|tree)|unable to read (?:tree|[0-9a-f]{40})|fsck error|unpack failed|unpacker error/i;
/** Bytes of a path or of what git says that are shown in a sentence. */
const SHOWN_BYTES = 200;
/** Bytes of a path that git is asked about. */
const MAX_ASKED_BYTES = 4000;
const FRESH_CLONE =
  'the next turn starts in a fresh clone, at what was pushed last: make the changes again and leave .git as it is';

/**
 * A worker's clone. The wrapper clones before the agent and pushes after it; the agent's process is dead whenever a
 * method runs.
 *
 * The repository is either the wrapper's or the agent's: `prepare` moves it from the wrapper's own folder into the
 * clone, as its `.git`. What the agent leaves there is taken apart as data: its objects, HEAD and a merge under way go
 * into a repository that is made anew in the wrapper's own folder, and the rest is dropped. So git never runs on
 * configuration, an index, hooks or locks that the agent could write, and each turn of the agent begins without them.
 *
 * States: none → (prepare) lent → (finish) ours → (prepare) lent …; lost is like none, after the folder was cleared.
 */
export class Workspace {
  readonly folder: string;
  readonly #own: string;
  readonly #place: GitPlace;
  readonly #pushed = new Map<string, string>();
  #lastPushed: string | undefined;
  /** The repository's configuration as the wrapper made it. */
  #configuration = '';
  /** Where the agent's turn began. */
  #start = '';
  /** What the base branch had when the turn began. */
  #base = '';
  /** Where the first turn began whose fault is to be mended: without it the work as a whole counts. */
  #mendingSince: string | undefined;
  /** Repositories in folders of the clone: the agent's again in its next turn. */
  #setAside: SetAside[] = [];
  /** Branches and stashes, which are of the agent's repository only. */
  #refs: Pick<LeftState, 'refs' | 'stashLog'> = { refs: new Map(), stashLog: '' };
  /** Files that still have the marks of a conflict: git forgets them with the commit, this does not. */
  #conflicts: string[] = [];
  /** What the agent left, until the next turn: what a full disk keeps from being committed can be tried again. */
  #left: (LeftState & Left) | undefined;
  #state: 'none' | 'lent' | 'ours' | 'lost' = 'none';

  constructor(
    readonly options: {
      readonly folder: string;
      /** Where the repository is while no agent runs; the wrapper removes and makes this folder. */
      readonly ownFolder: string;
      readonly repo: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
      readonly path: string;
      readonly workerId: string;
      /** Milliseconds before the second try of a fetch or a push; doubles for each further one. */
      readonly retryMs?: number;
      readonly signal: AbortSignal;
    },
  ) {
    this.folder = resolve(options.folder);
    this.#own = resolve(options.ownFolder);
    this.#place = { gitDir: join(this.#own, '.git'), folder: this.folder };
  }

  /**
   * Makes the clone ready for a turn and returns the commit it starts from. Later turns go on where the last one ended,
   * with what came to the base branch meanwhile merged in, if that goes without conflicts. After a turn that destroyed
   * the clone there is a new one, at what was pushed last.
   * @throws {GitError} where the repository or the ref cannot be had
   */
  async prepare(): Promise<string> {
    this.#left = undefined;
    if (this.#state === 'lent') await this.#takeBack();
    if (this.#state === 'ours') {
      this.#start = await this.#head();
      await this.#fetch();
      const base = await this.#findBase();
      if (base) this.#base = base;
      if (base && !this.options.repo.readOnly) await this.#merge(base);
    } else await this.#clone();
    await giveRefs(this.#place.gitDir, this.#refs);
    await rename(this.#place.gitDir, join(this.folder, '.git'));
    this.#state = 'lent';
    await putBack(this.#setAside);
    return this.#mendingSince ?? this.#start;
  }

  /**
   * Commits what the agent left uncommitted and says what changed since `start`.
   * @throws {GitError} where that cannot be done; where the clone is destroyed, the next turn gets a new one
   * @throws {SystemFault} where the machine is at fault: nothing is lost, and it can be called again
   */
  async finish(start: string, message: string): Promise<Changes> {
    const fault = this.#left ? undefined : await diskFault(dirname(this.#own));
    if (fault) throw new SystemFault(fault, MACHINE);
    this.#left ??= await this.#takeBack();
    const left = this.#left;
    if (!left) {
      throw new GitError(`the agent destroyed the repository of its folder; ${FRESH_CLONE}`);
    }
    const problems: string[] = [];
    const warnings: string[] = [];
    if (!this.options.repo.readOnly) {
      if (left.unfinished) {
        problems.push(
          `${left.unfinished} was left unfinished, and is given up: the files are committed as they were left, and branches stand where they stood, work under the name work-left; look through them, and end what you begin before your turn ends`,
        );
      }
      const unsettled = await this.#unsettled(left.unmerged);
      if (unsettled.length > 0) {
        problems.push(
          `files have a conflict that nobody has settled: ${listed(unsettled)}; decide what each of them is to say, take the lines with <<<<<<<, ======= and >>>>>>> out, or remove the file`,
        );
      }
      if (left.refused) {
        problems.push(
          `the commits that you left cannot be used (${left.refused}): the files are committed as they lie in the folder; look through them, and commit with "git add" and "git commit" only`,
        );
      }
      const hollow = await this.#replaceGitlinks();
      if (hollow.length > 0) {
        problems.push(
          `the commit names other repositories, but has no files of them: ${listed(hollow)}; put their files there, or take them out with "git rm --cached PATH"`,
        );
      }
      const missing = left.sparse ? await this.#putBackMissing() : [];
      if (missing.length > 0) {
        problems.push(
          `a sparse checkout left files out of the folder (${missing.length}, such as ${missing[0]}): they are back, and none of them counts as deleted; delete again what you mean to delete`,
        );
      }
      if (left.tooLong && !(await this.#isIgnored(left.tooLong))) {
        problems.push(
          `the path of a file is too long to be committed: move what lies below ${left.tooLong.subarray(0, SHOWN_BYTES)}… further up, remove it, or name it in .gitignore`,
        );
      }
      const added = await this.#run(commands.addAllCommand(this.#place));
      if (added.exitCode !== 0) {
        const why = added.stderr.trim().slice(-2000);
        throw await this.#failure(
          `the files cannot be committed; rename, remove or make readable what git names here:\n${why}`,
        );
      }
      const judged = await this.#judgeStaged();
      warnings.push(...judged.warnings);
      const isLeftOut = judged.refused.length > 0;
      if (isLeftOut) {
        problems.push(
          `files were left out of the commit: ${listed(judged.refused.map(({ path, why }) => `${Buffer.from(path, 'latin1')} (${why})`))}; remove them, name in .gitignore what programs make, keep secrets out of the repository, or allow a path under "files" of ${MANIFEST_FILE}`,
        );
        await this.#leaveOut(judged.refused.map(({ path }) => path));
      }
      // Only what can be seen again is looked for again, so that its end is a change.
      this.#mendingSince = isLeftOut || this.#conflicts.length > 0 ? start : undefined;
      const staged = await this.#run(commands.stagedCommand(this.#place));
      if (staged.exitCode !== 0 || (left.merged.length > 0 && !isLeftOut)) {
        await this.#must(commands.commitCommand(this.#place), message);
      }
    }
    const sha = await this.#head();
    const names = await this.#must(commands.changedFilesCommand(this.#place, start, sha));
    return { sha, files: names.split('\0').filter(Boolean), problem: problems.join('\n') || undefined, warnings };
  }

  /**
   * Pushes a commit to the branch of this worker's attempt.
   * @throws {GitError} where the branch is another's, or the repository stays away
   */
  async push(sha: string, branch: string): Promise<void> {
    const { url } = this.options.repo;
    await this.#persist('pushing', async () => {
      const lease = this.#pushed.get(branch) ?? '';
      const result = await this.#run(commands.pushCommand(this.#place, url, sha, branch, lease));
      if (result.exitCode === 0) return undefined;
      // The answer to an earlier try may have been lost.
      const remote = await this.#run(commands.remoteBranchCommand(this.#place, url, branch));
      return remote.exitCode === 0 && remote.stdout.startsWith(sha) ? undefined : result.stderr;
    });
    this.#pushed.set(branch, sha);
    this.#lastPushed = sha;
  }

  #fetch(): Promise<void> {
    return this.#persist('cloning', async () => {
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
    // Not what is there before the first turn: files may have been sent to the worker.
    if (this.#state === 'lost') await removeTree(this.folder);
    await removeTree(this.#own);
    this.#setAside = [];
    this.#conflicts = [];
    this.#refs = { refs: new Map(), stashLog: '' };
    await mkdir(this.folder, { recursive: true });
    await mkdir(this.#own, { recursive: true, mode: 0o700 });
    await this.#must(initRepository(this.#own, { branch: 'work' }));
    const path = join(this.#place.gitDir, 'config');
    this.#configuration = `${await readFile(path, 'utf8')}${commands.identityConfiguration}`;
    await writeFile(path, this.#configuration);
    await this.#fetch();
    const base = await this.#findBase();
    if (!base) throw new GitError(`there is neither a branch nor a commit ${this.options.repo.ref} in the repository`);
    this.#base = base;
    this.#mendingSince = undefined;
    this.#start = (this.#lastPushed && (await this.#commit(this.#lastPushed))) || base;
    await this.#must(commands.checkoutCommand(this.#place, this.#start));
    if (this.#start !== base) await this.#merge(base);
  }

  /**
   * Makes the wrapper's repository of what the agent left of it: the index is as HEAD has it. Where the agent's commits
   * cannot be read, its files count as changes of the commit that it began with; undefined where not even that is left.
   */
  async #takeBack(): Promise<(LeftState & Left) | undefined> {
    this.#state = 'lost';
    this.#setAside = [];
    // The agent may have closed the worker's own folder too.
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
      const why = await this.#standOn(state.head ?? this.#start, state.merged);
      if (why !== undefined) refused ??= left.head && why;
      if (why !== undefined) continue;
      this.#setAside = others;
      this.#refs = { refs: keptRefs(state), stashLog: state.stashLog };
      this.#state = 'ours';
      return { ...state, tooLong, refused };
    }
    return undefined;
  }

  /**
   * Makes a commit the head, together with those that wait to be merged into it. Returns why not, where it cannot be read; a few
   * trees that name each other many times may stand for more files than any memory holds.
   */
  async #standOn(head: string, merged: readonly string[]): Promise<string | undefined> {
    const { gitDir } = this.#place;
    for (const command of [
      commands.readableCommand(this.#place, [head, ...merged], this.#start),
      ...(head === this.#start ? [] : [commands.listTreeCommand(this.#place, head)]),
      readTree(this.#place, head),
    ]) {
      const result = await this.#run(command);
      if (result.exitCode !== 0) return result.stderr.trim().slice(-SHOWN_BYTES) || `git ended with ${result.exitCode}`;
    }
    await writeFile(join(gitDir, 'refs', 'heads', 'work'), `${head}\n`);
    if (merged.length > 0) await writeFile(join(gitDir, 'MERGE_HEAD'), `${merged.join('\n')}\n`);
    return undefined;
  }

  /**
   * Files with a conflict that still have its marks, whether git was told that they are settled or not; and those into
   * which git puts no marks, as long as it was not told.
   */
  async #unsettled(unmerged: ReadonlyMap<string, boolean>): Promise<string[]> {
    const marked: string[] = [];
    const undecided: string[] = [];
    for (const path of [...new Set([...this.#conflicts, ...unmerged.keys()])].slice(0, MAX_CONFLICTS)) {
      const text = (await readBytes(this.folder, path, MAX_CONFLICT_BYTES))?.toString('latin1');
      const hasNoMarks = unmerged.get(path) === false || text?.includes('\0');
      if (text !== undefined && /^<{7}(?: |\r?$)/m.test(text)) marked.push(path);
      else if (unmerged.has(path) && hasNoMarks) undecided.push(path);
    }
    this.#conflicts = marked;
    return [...marked, ...undecided];
  }

  /** What the rules for files say of all that this work changes: links that lead out of the tree are refused always. */
  async #judgeStaged(): Promise<{ refused: { path: string; why: string }[]; warnings: string[] }> {
    const changed = parseChanges(
      await this.#must(commands.stagedSinceCommand(this.#place, this.#base), undefined, 'latin1'),
    );
    if (changed.length === 0) return { refused: [], warnings: [] };
    const ids = changed.map(({ id }) => `${id}\n`).join('');
    const sizes = (await this.#must(commands.sizesCommand(this.#place), ids)).split('\n');
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
      const said = judgeFile({ path: name, bytes: Number(sizes[index]) || 0, holdsKey: keys.has(path) }, rules);
      if (said?.action === 'refuse') refused.push({ path, why: said.why });
      else if (said) warnings.push(`${name} is in the commit: ${said.why}`);
    }
    return { refused, warnings };
  }

  async #targets(links: readonly { id: string }[]): Promise<Map<string, string>> {
    if (links.length === 0) return new Map();
    const ids = [...new Set(links.map(({ id }) => `${id}\n`))].join('');
    return parseObjects(await this.#must(commands.objectsCommand(this.#place), ids, 'latin1'));
  }

  /** Files in which a private key is, since this work began. */
  async #keys(): Promise<Set<string>> {
    const changed = await this.#must(commands.changedKeysCommand(this.#place, this.#base), undefined, 'latin1');
    if (changed === '') return new Set();
    const { stdout } = await this.#run(commands.keysCommand(this.#place), undefined, 'latin1');
    const holding = new Set(stdout.split('\0'));
    return new Set(changed.split('\0').filter((path) => holding.has(path)));
  }

  /** What `.project.yml` says of files; a broken one is told of by whoever needs it. */
  async #fileRules() {
    const found = await this.#run(commands.contentCommand(this.#place, `:${MANIFEST_FILE}`));
    try {
      return found.exitCode === 0 ? parseManifest(found.stdout).files : undefined;
    } catch (error) {
      if (!(error instanceof ManifestError)) throw error;
      return undefined;
    }
  }

  /** Takes files out of what is staged, and the agent's own commits of the turn with them: history keeps what it has. */
  async #leaveOut(paths: readonly string[]): Promise<void> {
    await this.#must(commands.unstageCommand(this.#place, this.#base), Buffer.from(paths.join('\0'), 'latin1'));
    await writeFile(join(this.#place.gitDir, 'refs', 'heads', 'work'), `${this.#start}\n`);
    await rm(join(this.#place.gitDir, 'MERGE_HEAD'), { force: true });
  }

  /** Puts files of the commit that are not in the folder there, and returns their paths. */
  async #putBackMissing(): Promise<string[]> {
    const missing = await this.#must(commands.missingFilesCommand(this.#place), undefined, 'latin1');
    await this.#must(commands.putBackCommand(this.#place), Buffer.from(missing, 'latin1'));
    return Buffer.from(missing, 'latin1').toString().split('\0').filter(Boolean);
  }

  /** Whether a path that is too long for git lies in a folder that is ignored. */
  async #isIgnored(path: Buffer): Promise<boolean> {
    const folder = path.subarray(0, path.lastIndexOf('/', MAX_ASKED_BYTES));
    return (await this.#run(commands.ignoredCommand(this.#place), folder)).exitCode === 0;
  }

  /**
   * Repositories that the agent committed as links: where their files are here, the links leave the index, so that the
   * files are taken in. Returns the paths of the others.
   */
  async #replaceGitlinks(): Promise<string[]> {
    const staged = await this.#must(commands.stagedFilesCommand(this.#place), undefined, 'latin1');
    const links = parseGitEntries(staged).filter(({ mode }) => mode === GITLINK_MODE);
    const full: string[] = [];
    const hollow: string[] = [];
    for (const { path } of links) {
      const name = Buffer.from(path, 'latin1');
      const files = await readdir(Buffer.concat([Buffer.from(`${this.folder}/`), name])).catch(() => undefined);
      if (files?.length === 0) hollow.push(name.toString());
      if (files?.length) full.push(`${path}\0`);
    }
    if (full.length > 0) await this.#must(commands.forgetCommand(this.#place), Buffer.from(full.join(''), 'latin1'));
    return hollow;
  }

  async #merge(base: string): Promise<void> {
    const included = await this.#run(isAncestor(this.#place, base, 'HEAD'));
    if (included.exitCode === 0) return;
    const merged = await this.#run(commands.mergeCommand(this.#place, base));
    if (merged.exitCode !== 0) await this.#run(commands.abortMergeCommand(this.#place));
  }

  async #head(): Promise<string> {
    return (await this.#must(resolveCommit(this.#place, 'HEAD'))).trim();
  }

  /** Tries until `attempt` returns no complaint; a permanent one, or the last, throws. */
  async #persist(doing: string, attempt: () => Promise<string | undefined>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const complaint = await attempt();
      if (complaint === undefined) return;
      const last = tries >= TRIES || PERMANENT.test(complaint);
      if (last) throw await this.#failure(`${doing} failed: ${complaint.trim().slice(-2000) || 'git gave no reason'}`);
      await sleep((this.options.retryMs ?? 1000) * 2 ** (tries - 1), undefined, { signal: this.options.signal });
    }
  }

  /** Where objects are damaged, no later turn could do better in this repository. */
  async #failure(text: string): Promise<GitError | SystemFault> {
    const here = await fullDisk(this.folder);
    const there = here ? undefined : await fullDisk(this.options.repo.url);
    const fault = here ?? there ?? saidFault(text);
    if (fault) return new SystemFault(fault, there ? 'the repositories' : MACHINE);
    if (!DAMAGED.test(text)) return new GitError(text);
    this.#state = 'lost';
    return new GitError(`${text}\n${FRESH_CLONE}`);
  }

  async #must(command: readonly string[], input?: string | Buffer, encoding?: 'latin1'): Promise<string> {
    const result = await this.#run(command, input, encoding);
    if (result.exitCode === 0) return result.stdout;
    throw await this.#failure(`git failed: ${result.stderr.trim().slice(-2000) || `exit code ${result.exitCode}`}`);
  }

  async #run(args: readonly string[], input?: string | Buffer, encoding: 'utf8' | 'latin1' = 'utf8') {
    const { path, workerId, signal } = this.options;
    const result = await runGit(args, {
      ...{ path, input, encoding, signal, timeoutMs: COMMAND_TIMEOUT_MS, mostBytes: 64 * 1024 * 1024 },
      // By the worker's id worker-manager finds what a dead worker left running.
      env: { ...commands.identityEnvironment, WORKER_ID: workerId },
    });
    return { ...result, stderr: tooMuch(result) ?? result.stderr };
  }
}

/** Reads what `git diff --raw -z` prints, without repositories. */
function parseChanges(text: string): { mode: string; id: string; path: string }[] {
  const parts = text.split('\0');
  const changes = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, mode = '', , id = ''] = (parts[at] as string).split(' ');
    if (mode !== GITLINK_MODE) changes.push({ mode, id, path: parts[at + 1] as string });
  }
  return changes;
}

/** Some paths, and how many more there are. */
function listed(paths: readonly string[]): string {
  const more = paths.length > SEVERAL_PATHS ? ` and ${paths.length - SEVERAL_PATHS} more` : '';
  return `${paths.slice(0, SEVERAL_PATHS).join(', ')}${more}`;
}

/** What a git that was ended says of it: nothing that helps. */
function tooMuch({ limit }: GitResult): string | undefined {
  if (limit === undefined) return undefined;
  const what =
    limit === 'time' ? `git did not end within ${COMMAND_TIMEOUT_MS / 60_000} minutes` : 'there are too many files';
  return `${what}: commit fewer or smaller files, and name in .gitignore what programs make`;
}

/** The agent's branches beside its head; the branch it began on is kept under another name where it is elsewhere. */
function keptRefs({ refs, head }: LeftState): Map<string, string> {
  const kept = new Map([...refs].filter(([name]) => !/^refs\/heads\/work(?:\/|$)/.test(name)));
  const work = refs.get('refs/heads/work');
  if (work && head && work !== head) kept.set('refs/heads/work-left', work);
  return kept;
}
