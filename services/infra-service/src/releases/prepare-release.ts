import { mkdir, rename, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeTree } from '@codegen/sdk/files';
import { cloneSource, resolveCommit as findCommit, initRepository, readTree, runGit } from '@codegen/sdk/git';
import { boundedText, isSecretVariable, Redactor, textOf, withoutPatterns } from '@codegen/sdk/text';
import { DeployFailure, type ReleaseTarget } from '../executors/executor.js';
import { checkoutIndex, compareIndex, fetchMain, onMain } from '../git-commands.js';
import { readManifest } from './manifest.js';
import { startMarkedProcess } from './marked-process.js';
import { TAIL_BYTES } from './output-tail.js';
import { readPackage } from './read-package.js';
import type { ProjectFolders } from './release-folders.js';

const GIT_TIMEOUT_MS = 120_000;

export interface PrepareSettings {
  readonly reposDir: string;
  readonly path: string;
  /** For `npm` and a repository elsewhere: proxies, registry, certificates. */
  readonly installEnvironment: Readonly<Record<string, string>>;
  readonly installTimeoutMs: number;
  readonly stopGraceMs: number;
  /** A new marker for a process of this commit. */
  marker(projectId: string, sha: string): string;
}

/**
 * The full id of the commit to run: the one asked for, else the head of main.
 * @throws {DeployFailure} fetch_failed
 */
export async function resolveCommit(
  { repo_full_name, clone_url }: Source,
  revision: string | null | undefined,
  folders: ProjectFolders,
  settings: PrepareSettings,
  signal: AbortSignal,
): Promise<string> {
  if (revision && !/^[0-9a-f]{7,64}$/.test(revision)) {
    throw new DeployFailure('fetch_failed', 'commit_sha is not a commit id: send 40 hexadecimal digits');
  }
  const wanted = revision || 'refs/heads/main';
  const why = `${repo_full_name} has no ${revision ? `commit ${revision}` : 'branch main'}: push it, then deploy again`;
  return withRepository(clone_url, folders, settings, signal, async (gitDir) => {
    const sha = (await git(findCommit({ gitDir }, wanted), why, settings, signal)).trim();
    // The repository holds what tasks have not finished or were refused, too.
    const unmerged = `commit ${sha} is not on main of ${repo_full_name}: merge it, then deploy again`;
    if (revision) await git(onMain(gitDir, sha), unmerged, settings, signal);
    return sha;
  });
}

/** Which repository, and what git clones it by. */
type Source = Pick<ReleaseTarget, 'repo_full_name' | 'clone_url'>;

/**
 * Has something done with the git directory of a repository: its folder on this machine, or of a URL a copy of main, which is
 * made anew each time, since releases could write to one that stayed.
 */
async function withRepository<T>(
  cloneUrl: string,
  folders: ProjectFolders,
  settings: PrepareSettings,
  signal: AbortSignal,
  work: (gitDir: string) => Promise<T>,
): Promise<T> {
  let source: string;
  try {
    source = cloneSource(cloneUrl, settings.reposDir);
  } catch (error) {
    throw new DeployFailure('fetch_failed', textOf(error), {}, { cause: error });
  }
  if (isAbsolute(source)) return work(source);
  await folders.ensure();
  const copy = folders.passing();
  try {
    const why = `main of ${source} cannot be fetched: see stderr, then deploy again`;
    await git(initRepository(copy, { branch: 'main', bare: true }), why, settings, signal);
    await git(fetchMain(copy, source), why, settings, signal);
    return await work(copy);
  } finally {
    await removeTree(copy);
  }
}

/** Which folder that is there already will do: any, one that still holds the files of its commit, or none. */
export type Reuse = 'any' | 'intact' | 'none';

export interface PreparedRelease {
  readonly folder: string;
  /** Whether it was there already. */
  readonly reused: boolean;
}

/**
 * Makes the folder of a release, installed and ready to start; what stood in its place is put aside, as somebody may run
 * there. Does nothing else visible when it fails or is killed.
 * @throws {DeployFailure} fetch_failed, install_failed
 */
export async function prepareRelease(
  { repo_full_name, clone_url }: Source,
  sha: string,
  folders: ProjectFolders,
  reuse: Reuse,
  settings: PrepareSettings,
  signal: AbortSignal,
): Promise<PreparedRelease> {
  const folder = folders.release(sha);
  const isThere = reuse !== 'none' && (await folders.hasRelease(sha));
  if (isThere && reuse === 'any') return { folder, reused: true };
  const passing = folders.passing();
  const index = `${passing}.index`;
  try {
    await mkdir(passing, { recursive: true });
    const why = `commit ${sha} of ${repo_full_name} cannot be read`;
    const isIntact = await withRepository(clone_url, folders, settings, signal, async (gitDir) => {
      await git(readTree({ gitDir }, sha), why, settings, signal, index);
      if (isThere && (await holdsFiles(gitDir, folder, settings, signal, index))) return true;
      await git(checkoutIndex(gitDir, passing), why, settings, signal, index);
      return false;
    });
    if (isIntact) return { folder, reused: true };
    const { build } = await readManifest(passing);
    await install(passing, sha, build !== undefined, folders, settings, signal);
    if (build) {
      const environment = { CI: '1' };
      const step = {
        argv: build as Command,
        environment,
        doing: 'building',
        text: `the build command (${build[0]}) failed: see stderr, correct it`,
      };
      await runStep(step, passing, sha, folders, settings, signal);
    }
    signal.throwIfAborted();
    await folders.putAside(folder);
    await rename(passing, folder);
  } finally {
    await removeTree(passing);
    await rm(index, { force: true });
  }
  return { folder, reused: false };
}

/** A release may write to its folder; what it did to files that the commit does not have is not seen. */
async function holdsFiles(
  gitDir: string,
  folder: string,
  settings: PrepareSettings,
  signal: AbortSignal,
  index: string,
): Promise<boolean> {
  const comparing = git(compareIndex(gitDir, folder), 'another file', settings, signal, index);
  return comparing.then(
    () => true,
    (error: unknown) => {
      if (error instanceof DeployFailure) return false;
      throw error;
    },
  );
}

async function install(
  folder: string,
  sha: string,
  builds: boolean,
  folders: ProjectFolders,
  settings: PrepareSettings,
  signal: AbortSignal,
): Promise<void> {
  const { wanted, locked } = await readPackage(folder, builds);
  if (!wanted) return;
  // What builds a project is among what it is developed with.
  const which = builds ? '--include=dev' : '--omit=dev';
  const step = {
    argv: ['npm', locked ? 'ci' : 'install', which, '--no-audit', '--no-fund', '--no-update-notifier'] as Command,
    environment: settings.installEnvironment,
    doing: 'installing',
    text: 'npm could not install the dependencies: see stderr, correct package.json',
  };
  await runStep(step, folder, sha, folders, settings, signal);
}

type Command = [string, ...string[]];

interface Step {
  readonly argv: Command;
  readonly environment: Readonly<Record<string, string>>;
  readonly doing: string;
  /** What it is told as where it fails. */
  readonly text: string;
}

async function runStep(
  { argv, environment, doing, text }: Step,
  folder: string,
  sha: string,
  folders: ProjectFolders,
  settings: PrepareSettings,
  signal: AbortSignal,
): Promise<void> {
  const secrets = Object.entries(environment).filter(([name, value]) => isSecretVariable(name, value));
  const step = await startMarkedProcess({
    argv,
    folder,
    environment: { ...environment, PATH: settings.path, HOME: folders.home, LANG: 'C.UTF-8' },
    marker: settings.marker(folders.projectId, sha),
    redactor: new Redactor(secrets.map(([, value]) => value)),
  });
  const timer = new AbortController();
  const timeout = sleep(settings.installTimeoutMs, 'timeout' as const, {
    signal: AbortSignal.any([timer.signal, signal]),
  });
  const end = await Promise.race([step.exited, timeout.catch(() => 'aborted' as const)]);
  timer.abort();
  await step.stop(settings.stopGraceMs);
  signal.throwIfAborted();
  if (end === 'timeout') {
    const limit = `${doing} took longer than ${settings.installTimeoutMs / 1000} s: see stderr, then deploy again`;
    throw new DeployFailure('install_failed', limit, step.output());
  }
  if (end !== 'aborted' && end.code !== 0) {
    throw new DeployFailure('install_failed', `${text} and deploy again`, { ...step.output(), exitCode: end.code });
  }
}

async function git(
  args: string[],
  why: string,
  settings: PrepareSettings,
  signal: AbortSignal,
  index?: string,
): Promise<string> {
  const env = { ...settings.installEnvironment, ...(index && { GIT_INDEX_FILE: index }) };
  const options = { path: settings.path, env, timeoutMs: GIT_TIMEOUT_MS, signal };
  const { exitCode, stdout, stderr } = await runGit(args, options);
  if (exitCode === 0) return stdout;
  const said = boundedText(withoutPatterns(stderr), { maxBytes: TAIL_BYTES, keep: 'end' });
  throw new DeployFailure('fetch_failed', why, { stderr: said, exitCode: exitCode ?? null });
}
