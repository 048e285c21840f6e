import { type GitPlace, onRepository as git } from '@codegen/sdk/git';

const identity = { name: 'Developer agent', email: 'agent@codegen.invalid' };

/** Who commits: in the wrapper's environment. */
export const identityEnvironment: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: identity.name,
  GIT_AUTHOR_EMAIL: identity.email,
  GIT_COMMITTER_NAME: identity.name,
  GIT_COMMITTER_EMAIL: identity.email,
};

/** The same in a repository's configuration, for the agent's own commits. */
export const identityConfiguration = `[user]\n\tname = ${identity.name}\n\temail = ${identity.email}\n`;

/** Every branch of the repository. No remote is configured, so that the agent does not push by habit. */
export function fetchCommand(place: GitPlace, url: string): string[] {
  return git(place, 'fetch', '--quiet', '--prune', '--no-tags', '--', url, '+refs/heads/*:refs/remotes/origin/*');
}

/** Whether all that these commits add to a commit can be read: exit code 0 means yes. */
export function readableCommand(place: GitPlace, commits: readonly string[], since: string): string[] {
  const tips = commits.map((commit) => `${commit}^{commit}`);
  return git(place, 'rev-list', '--objects', '--quiet', ...tips, '--not', `${since}^{commit}`, '--');
}

export function checkoutCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'checkout', '--quiet', '-B', 'work', sha);
}

/** All files of a commit: prints as it reads, so that it can be ended where it is more than any later list may be. */
export function listTreeCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'ls-tree', '-r', '-z', '--full-tree', sha);
}

/** Files of the index that are not in the folder, each ended by NUL. */
export function missingFilesCommand(place: GitPlace): string[] {
  return git(place, 'ls-files', '--deleted', '-z');
}

/** Writes files as the index has them, by the paths on stdin, each ended by NUL. */
export function putBackCommand(place: GitPlace): string[] {
  return git(place, 'checkout-index', '--quiet', '-z', '--stdin');
}

/** Whether the path on stdin is ignored: exit code 0 means yes. */
export function ignoredCommand(place: GitPlace): string[] {
  return git(place, 'check-ignore', '--quiet', '-z', '--stdin');
}

/** Mode and path of all that is in the index. */
export function stagedFilesCommand(place: GitPlace): string[] {
  return git(place, 'ls-files', '--stage', '-z');
}

/** Takes out of the index the paths on stdin, each ended by NUL. */
export function forgetCommand(place: GitPlace): string[] {
  return git(place, 'update-index', '-z', '--force-remove', '--stdin');
}

export function addAllCommand(place: GitPlace): string[] {
  return git(place, 'add', '--all', '--', '.');
}

/** What is staged and not so in a commit: modes, objects and paths. */
export function stagedSinceCommand(place: GitPlace, since: string): string[] {
  const options = ['--cached', '--raw', '-z', '--no-abbrev', '--no-renames', '--no-ext-diff', '--diff-filter=d'];
  return git(place, 'diff', ...options, '--ignore-submodules=none', since);
}

/** Sizes of the objects whose names come on stdin. */
export function sizesCommand(place: GitPlace): string[] {
  return git(place, 'cat-file', '--batch-check=%(objectsize)');
}

/** The content of an object, or of what is staged as `:PATH`. */
export function contentCommand(place: GitPlace, object: string): string[] {
  return git(place, 'cat-file', 'blob', object);
}

/** Contents of the objects whose names come on stdin. */
export function objectsCommand(place: GitPlace): string[] {
  return git(place, 'cat-file', '--batch');
}

const KEY = '^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----';

/** Staged text files that hold a private key, each ended by NUL. Reads every file. */
export function keysCommand(place: GitPlace): string[] {
  return git(place, 'grep', '--cached', '-I', '-l', '-z', '--full-name', '-E', '-e', KEY);
}

/** The same of files in which such a line came or went since a commit. Reads what has changed. */
export function changedKeysCommand(place: GitPlace, since: string): string[] {
  return git(place, 'diff', '--cached', `-G${KEY}`, '--name-only', '-z', '--no-renames', '--no-ext-diff', since);
}

/** Stages the paths on stdin, each ended by NUL, as a commit has them. */
export function unstageCommand(place: GitPlace, sha: string): string[] {
  return [
    '--literal-pathspecs',
    ...git(place, 'reset', '--quiet', '--pathspec-from-file=-', '--pathspec-file-nul', sha),
  ];
}

/** Whether anything is staged: exit code 1 means yes. */
export function stagedCommand(place: GitPlace): string[] {
  return git(place, 'diff', '--cached', '--quiet', '--no-ext-diff', '--ignore-submodules=none');
}

/** Commits what is staged; the message comes on stdin. */
export function commitCommand(place: GitPlace): string[] {
  return git(place, 'commit', '--quiet', '--no-verify', '--cleanup=strip', '--file=-');
}

/** Merges where it can be done without a person. */
export function mergeCommand(place: GitPlace, sha: string): string[] {
  return git(place, 'merge', '--quiet', '--no-edit', '--no-verify', sha);
}

export function abortMergeCommand(place: GitPlace): string[] {
  return git(place, 'merge', '--abort');
}

/** Names of the files that differ, each ended by NUL. */
export function changedFilesCommand(place: GitPlace, from: string, to: string): string[] {
  return git(place, 'diff', '--name-only', '--no-renames', '--no-ext-diff', '-z', from, to);
}

/** Pushes a commit to a branch that must still be where this worker left it; empty where it must not exist. */
export function pushCommand(place: GitPlace, url: string, sha: string, branch: string, lease: string): string[] {
  const ref = `refs/heads/${branch}`;
  return git(place, 'push', '--quiet', '--no-verify', `--force-with-lease=${ref}:${lease}`, '--', url, `${sha}:${ref}`);
}

/** Where a branch of the repository stands. */
export function remoteBranchCommand(place: GitPlace, url: string, branch: string): string[] {
  return git(place, 'ls-remote', '--', url, `refs/heads/${branch}`);
}
