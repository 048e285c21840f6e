import { resolve } from 'node:path';

const identity = { name: 'Developer agent', email: 'agent@codegen.invalid' };

/** Variables under which git reads only what a command names: no configuration of this machine, no hooks, no prompt. */
export function gitEnvironment(path: string, workerId: string, ceiling: string): Record<string, string> {
  return {
    PATH: path,
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // Where a clone is gone, git must not go on with a repository around it.
    GIT_CEILING_DIRECTORIES: ceiling,
    // Also where the agent has changed the repository's configuration.
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
    // So that worker-manager finds what a dead worker left running.
    WORKER_ID: workerId,
  };
}

// What the agent may have written into the repository's own configuration must not run anything or hang.
const safe = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'commit.gpgSign=false', 'gc.auto=0'];

const settings = safe.flatMap((setting) => ['-c', setting]);

/** Arguments for any git call on a clone: on this one, never on a repository around it. */
function git(folder: string, ...args: string[]): string[] {
  const clone = resolve(folder);
  return ['git', ...settings, '-C', clone, `--git-dir=${resolve(clone, '.git')}`, `--work-tree=${clone}`, ...args];
}

export function initCommand(folder: string): string[] {
  return ['git', ...settings, '-C', resolve(folder), 'init', '--quiet', '--initial-branch', 'work'];
}

/** Who commits here: in the repository's own configuration, for the agent's commits too. */
export function identityCommands(folder: string): string[][] {
  return Object.entries(identity).map(([key, value]) => git(folder, 'config', '--local', `user.${key}`, value));
}

/** Every branch of the repository. No remote is configured, so that the agent does not push by habit. */
export function fetchCommand(folder: string, url: string): string[] {
  return git(folder, 'fetch', '--quiet', '--prune', '--no-tags', '--', url, '+refs/heads/*:refs/remotes/origin/*');
}

/** The full id of the commit that a revision names. */
export function resolveCommand(folder: string, revision: string): string[] {
  return git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`);
}

export function checkoutCommand(folder: string, sha: string): string[] {
  return git(folder, 'checkout', '--quiet', '-B', 'work', sha);
}

export function addAllCommand(folder: string): string[] {
  return git(folder, 'add', '--all', '--', '.');
}

/** Whether anything is staged: exit code 1 means yes. */
export function stagedCommand(folder: string): string[] {
  return git(folder, 'diff', '--cached', '--quiet', '--no-ext-diff');
}

/** Commits what is staged; the message comes on stdin. */
export function commitCommand(folder: string): string[] {
  return git(folder, 'commit', '--quiet', '--no-verify', '--cleanup=strip', '--file=-');
}

/** Merges where it can be done without a person. */
export function mergeCommand(folder: string, sha: string): string[] {
  return git(folder, 'merge', '--quiet', '--no-edit', '--no-verify', sha);
}

export function abortMergeCommand(folder: string): string[] {
  return git(folder, 'merge', '--abort');
}

/** Whether `ancestor` is in the history of `sha`: exit code 0 means yes. */
export function isAncestorCommand(folder: string, ancestor: string, sha: string): string[] {
  return git(folder, 'merge-base', '--is-ancestor', ancestor, sha);
}

/** Names of the files that differ, each ended by NUL. */
export function changedFilesCommand(folder: string, from: string, to: string): string[] {
  return git(folder, 'diff', '--name-only', '--no-renames', '--no-ext-diff', '-z', from, to);
}

/** Pushes a commit to a branch that must still be where this worker left it; empty where it must not exist. */
export function pushCommand(folder: string, url: string, sha: string, branch: string, lease: string): string[] {
  const ref = `refs/heads/${branch}`;
  return git(
    folder,
    'push',
    '--quiet',
    '--no-verify',
    `--force-with-lease=${ref}:${lease}`,
    '--',
    url,
    `${sha}:${ref}`,
  );
}

/** Where a branch of the repository stands. */
export function remoteBranchCommand(folder: string, url: string, branch: string): string[] {
  return git(folder, 'ls-remote', '--', url, `refs/heads/${branch}`);
}
