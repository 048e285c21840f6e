export { cloneSource } from './clone-source.js';
export { type GitPlace, initRepository, isAncestor, onRepository, readTree, resolveCommit } from './commands.js';
export { type GitOptions, type GitResult, runGit } from './run-git.js';

/** Mode of a gitlink in a tree: a submodule, or a repository that was added like a file. */
export const GITLINK_MODE = '160000';

/** Modes of regular files in a tree. */
export const FILE_MODES: readonly string[] = ['100644', '100755'];

/** An entry of a tree or an index. */
export interface GitEntry {
  readonly mode: string;
  /** Id of its object. */
  readonly id: string;
  readonly path: string;
}

/** Parses the output of `git ls-tree -z` or `git ls-files --stage -z`. */
export function parseGitEntries(text: string): GitEntry[] {
  const entries = text.split('\0').filter(Boolean);
  return entries.map((entry) => {
    const tab = entry.indexOf('\t');
    const id = /[0-9a-f]{40,64}/.exec(entry.slice(7, tab))?.[0] ?? '';
    return { mode: entry.slice(0, 6), id, path: entry.slice(tab + 1) };
  });
}

/** Parses the latin1 output of `git cat-file --batch`: contents by object id, without missing or truncated objects. */
export function parseObjects(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0, end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
    const [id = '', , size] = text.slice(at, end).split(' ');
    at = end + 1;
    // A missing object has no size and no content.
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
 * Whether a symbolic link may lead out of its tree. `..` is allowed only at the start: after a name, which may be a link
 * itself, its target is unknown.
 */
export function leavesTree(path: string, target: string): boolean {
  if (target.startsWith('/')) return true;
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const up = names.findIndex((name) => name !== '..');
  const ups = up < 0 ? names.length : up;
  return ups > path.split('/').length - 1 || names.slice(ups).includes('..');
}
