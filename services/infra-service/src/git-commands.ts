import { isAncestor, onRepository } from '@codegen/sdk/git';

/** Exit code 0 where main holds a commit, 1 where it does not. */
export function onMain(gitDir: string, sha: string): string[] {
  return isAncestor({ gitDir }, sha, 'refs/heads/main');
}

/** Writes every file of the index that GIT_INDEX_FILE names below a folder. */
export function checkoutIndex(gitDir: string, folder: string): string[] {
  return onRepository({ gitDir, folder }, 'checkout-index', '--all', '--force', '--quiet');
}

/** Exit code 1 where a file of that index is missing below a folder, or is another. It reads every file. */
export function compareIndex(gitDir: string, folder: string): string[] {
  return onRepository({ gitDir, folder }, 'update-index', '--refresh');
}

/** Fetches main of another repository into a copy. */
export function fetchMain(gitDir: string, source: string): string[] {
  const branch = '+refs/heads/main:refs/heads/main';
  return onRepository({ gitDir }, 'fetch', '--quiet', '--no-tags', '--', source, branch);
}
