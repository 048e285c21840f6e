import { safeGitSettings } from '@codegen/sdk/git';

/** The full id of the commit that a revision names. */
export function resolveCommitCommand(repository: string, revision: string): string[] {
  return [...on(repository), 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
}

/** Succeeds where main holds a commit, exits with 1 where it does not. */
export function onMainCommand(repository: string, sha: string): string[] {
  return [...on(repository), 'merge-base', '--is-ancestor', sha, 'refs/heads/main'];
}

/** Reads a commit's tree into the index that GIT_INDEX_FILE names. */
export function readTreeCommand(repository: string, sha: string): string[] {
  return [...on(repository), 'read-tree', sha];
}

/** Writes every file of that index below a folder. */
export function checkoutIndexCommand(repository: string, folder: string): string[] {
  return [...on(repository), `--work-tree=${folder}`, 'checkout-index', '--all', '--force', '--quiet'];
}

/** Fails with exit code 1 where a file of that index is missing below a folder, or is another. It reads every file. */
export function compareIndexCommand(repository: string, folder: string): string[] {
  return [...on(repository), `--work-tree=${folder}`, 'update-index', '--refresh'];
}

/** Makes a bare repository. An empty template: no sample hooks. */
export function initCopyCommand(folder: string): string[] {
  return [...safeGitSettings, 'init', '--quiet', '--bare', '--template=', '--initial-branch=main', '--', folder];
}

/** Fetches main of another repository into a copy. */
export function fetchMainCommand(copy: string, source: string): string[] {
  return [...on(copy), 'fetch', '--quiet', '--no-tags', '--', source, '+refs/heads/main:refs/heads/main'];
}

function on(repository: string): string[] {
  // The operator names the repositories' folder, so its owner need not be this account.
  return [...safeGitSettings, '-c', `safe.directory=${repository}`, `--git-dir=${repository}`];
}
