export { cloneSource } from './clone-source.js';
export { type GitPlace, initRepository, isAncestor, onRepository, readTree, resolveCommit } from './commands.js';
export { type GitOptions, type GitResult, runGit } from './run-git.js';

/** Mode of a commit of another repository in a tree: a submodule, or a repository that was added as if it were a file. */
export const GITLINK_MODE = '160000';

/** Modes of regular files in a tree. */
export const FILE_MODES: readonly string[] = ['100644', '100755'];

/** An entry of a tree or an index. */
export interface GitEntry {
  readonly mode: string;
  /** Name of its object. */
  readonly id: string;
  readonly path: string;
}

/** Reads what `git ls-tree -z` or `git ls-files --stage -z` prints. */
export function parseGitEntries(text: string): GitEntry[] {
  const entries = text.split('\0').filter(Boolean);
  return entries.map((entry) => {
    const tab = entry.indexOf('\t');
    const id = /[0-9a-f]{40,64}/.exec(entry.slice(7, tab))?.[0] ?? '';
    return { mode: entry.slice(0, 6), id, path: entry.slice(tab + 1) };
  });
}

/** Reads what `git cat-file --batch` prints, as latin1: the contents of objects by name, of those that are there as a whole. */
export function parseObjects(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0, end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
    const [id = '', , size] = text.slice(at, end).split(' ');
    at = end + 1;
    // One that is missing is named, and no more.
    if (size === undefined) continue;
    const content = text.slice(at, at + Number(size));
    if (content.length < Number(size)) break;
    found.set(id, content);
    at += content.length + 1;
  }
  return found;
}

/** Mode of a symbolic link in a tree. */
export const LINK_MODE = '120000';

/**
 * Whether a link of a tree may lead out of it. `..` counts at the beginning only, where it goes up from the link's own
 * folder: after another name, which may be a link itself, it cannot be told where it leads.
 */
export function leavesTree(path: string, target: string): boolean {
  if (target.startsWith('/')) return true;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const up = names.findIndex((name) => name !== '..');
  const ups = up < 0 ? names.length : up;
  return ups > path.split('/').length - 1 || names.slice(ups).includes('..');
}
