import { type GitPlace, onRepository as git } from '@codegen/sdk/git';

const identity = { name: 'Developer agent', email: 'agent@codegen.invalid' };

/** The commit identity, as environment variables for the wrapper's git. */
export const identityEnvironment: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: identity.name,
  GIT_AUTHOR_EMAIL: identity.email,
  GIT_COMMITTER_NAME: identity.name,
  GIT_COMMITTER_EMAIL: identity.email,
};

/** The same identity in a repository's configuration, for the agent's own commits. */
export const identityConfiguration = `[user]\n\tname = ${identity.name}\n\temail = ${identity.email}\n`;

/** Fetches all branches. No remote is configured, so that the agent does not push by habit. */
export function fetchCommand(place: GitPlace, url: string): string[] {
  return git(place, 'fetch', '--quiet', '--prune', '--no-tags', '--', url, '+refs/heads/*:refs/remotes/origin/*');
}

/** Exits with 0 if all objects that these commits add to a commit are readable. */
export function readableCommand(place: GitPlace, commits: readonly string[], since: string): string[] {
  const tips = commits.map((commit) => `${commit}^{commit}`);
  return git(place, 'rev-list', '--objects', '--quiet', ...tips, '--not', `${since}^{commit}`, '--');
}

export function checkoutCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'checkout', '--quiet', '-B', 'work', sha);
}

/** Lists all files of a commit. It streams, so that it is stopped at the output limit before a later listing fails. */
export function listTreeCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'ls-tree', '-r', '-z', '--full-tree', sha);
}

/** Lists indexed files that are missing in the folder, NUL-terminated. */
export function missingFilesCommand(place: GitPlace): string[] {
  return git(place, 'ls-files', '--deleted', '-z');
}

/** Restores files from the index; reads NUL-terminated paths from stdin. */
export function restoreCommand(place: GitPlace): string[] {
  return git(place, 'checkout-index', '--quiet', '-z', '--stdin');
}

/** Exits with 0 if the path on stdin is ignored. */
export function ignoredCommand(place: GitPlace): string[] {
  return git(place, 'check-ignore', '--quiet', '-z', '--stdin');
}

/** Lists mode and path of all index entries. */
export function stagedFilesCommand(place: GitPlace): string[] {
  return git(place, 'ls-files', '--stage', '-z');
}

/** Removes paths from the index; reads them NUL-terminated from stdin. */
export function forgetCommand(place: GitPlace): string[] {
  return git(place, 'update-index', '-z', '--force-remove', '--stdin');
}

export function addAllCommand(place: GitPlace): string[] {
  return git(place, 'add', '--all', '--', '.');
}

/** Lists modes, objects and paths that are staged and differ from a commit. */
export function stagedSinceCommand(place: GitPlace, since: string): string[] {
  const options = ['--cached', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--diff-filter=d'];
  return git(place, 'diff', ...options, '--ignore-submodules=none', since);
}

/** Prints sizes of objects; reads their ids from stdin. */
export function sizesCommand(place: GitPlace): string[] {
  return git(place, 'cat-file', '--batch-check=%(objectsize)');
}

/** Prints the content of an object, or of the staged file `:PATH`. */
export function contentCommand(place: GitPlace, object: string): string[] {
  return git(place, 'cat-file', 'blob', object);
}

/** Prints contents of objects; reads their ids from stdin. */
export function objectsCommand(place: GitPlace): string[] {
  return git(place, 'cat-file', '--batch');
}

const KEY = '^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----';

/** Lists staged text files with a private key, NUL-terminated. Reads every file. */
export function keysCommand(place: GitPlace): string[] {
  return git(place, 'grep', '--cached', '-I', '-l', '-z', '--full-name', '-E', '-e', KEY);
}

/** Lists files in which such a line was added or removed since a commit. Reads only changed files. */
export function changedKeysCommand(place: GitPlace, since: string): string[] {
  return git(place, 'diff', '--cached', `-G${KEY}`, '--name-only', '-z', '--no-renames', '--no-ext-diff', since);
}

/** Resets staged paths to a commit; reads them NUL-terminated from stdin. */
export function unstageCommand(place: GitPlace, sha: string): string[] {
  return [
    '--literal-pathspecs',
    ...git(place, 'reset', '--quiet', '--pathspec-from-file=-', '--pathspec-file-nul', sha),
  ];
}

/** Exits with 1 if anything is staged. */
export function stagedCommand(place: GitPlace): string[] {
  return git(place, 'diff', '--cached', '--quiet', '--no-ext-diff', '--ignore-submodules=none');
}

/** Commits the index; reads the message from stdin. */
export function commitCommand(place: GitPlace): string[] {
  return git(place, 'commit', '--quiet', '--no-verify', '--cleanup=strip', '--file=-');
}

/** Merges a commit; fails on conflicts. */
export function mergeCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'merge', '--quiet', '--no-edit', '--no-verify', sha);
}

export function abortMergeCommand(place: GitPlace): string[] {
  return git(place, 'merge', '--abort');
}

/** Lists files that differ, NUL-terminated. */
export function changedFilesCommand(place: GitPlace, from: string, to: string): string[] {
  return git(place, 'diff', '--name-only', '--no-renames', '--no-ext-diff', '-z', from, to);
}

/** Pushes a commit to a branch that must still be at `lease`; an empty lease means that it must not exist. */
export function pushCommand(place: GitPlace, url: string, sha: string, branch: string, lease: string): string[] {
  const ref = `refs/heads/${branch}`;
  return git(place, 'push', '--quiet', '--no-verify', `--force-with-lease=${ref}:${lease}`, '--', url, `${sha}:${ref}`);
}

/** Prints the head of a branch of the repository. */
export function remoteBranchCommand(place: GitPlace, url: string, branch: string): string[] {
  return git(place, 'ls-remote', '--', url, `refs/heads/${branch}`);
}
