export { cloneSource } from './clone-source.js';

/**
 * Variables under which git reads what a command names and nothing else: no configuration or attributes of this machine,
 * no replaced objects, no prompt. Besides them it needs PATH.
 */
export const safeGitEnvironment: Readonly<Record<string, string>> = {
  LC_ALL: 'C.UTF-8',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_TERMINAL_PROMPT: '0',
  // Ssh asks nobody either.
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
  // Other transports run programs that an address names, or are not encrypted.
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
};

const settings = [
  // Nothing runs by itself.
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  'maintenance.auto=false',
  // Files are hidden or converted by what the commit says, never by what lies beside it.
  'core.excludesFile=/dev/null',
  'core.attributesFile=/dev/null',
  // History is what the objects say.
  'core.commitGraph=false',
  'core.multiPackIndex=false',
  // No other repository is entered.
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'push.recurseSubmodules=no',
];

/** Arguments after `git` with which it runs no program that a repository names, and goes into no other repository. */
export const safeGitSettings: readonly string[] = settings.flatMap((setting) => ['-c', setting]);

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
