/** A repository, and where its files are. Both are named: git looks for none around a folder, or in it. */
export interface GitPlace {
  readonly gitDir: string;
  /** None for a bare repository. */
  readonly folder?: string;
}

/** Arguments of a command on a repository. */
export function onRepository({ gitDir, folder }: GitPlace, ...args: string[]): string[] {
  const files = folder === undefined ? [] : ['-C', folder, `--work-tree=${folder}`];
  return [...files, `--git-dir=${gitDir}`, ...args];
}

/** Makes a repository: a bare one in a folder, else `<folder>/.git`. An empty template: no sample hooks, no stray excludes. */
export function initRepository(folder: string, { branch, bare = false }: { branch: string; bare?: boolean }): string[] {
  return ['init', '--quiet', ...(bare ? ['--bare'] : []), '--template=', `--initial-branch=${branch}`, '--', folder];
}

/** Prints the full id of the commit that a name stands for; exit code 1 where there is none. */
export function resolveCommit(place: GitPlace, name: string): string[] {
  return onRepository(place, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`);
}

/** Exit code 0 where `ancestor` is in the history of `descendant`, 1 where it is not. */
export function isAncestor(place: GitPlace, ancestor: string, descendant: string): string[] {
  return onRepository(place, 'merge-base', '--is-ancestor', ancestor, descendant);
}

/** Makes the index what a commit has. */
export function readTree(place: GitPlace, sha: string): string[] {
  return onRepository(place, 'read-tree', sha);
}
