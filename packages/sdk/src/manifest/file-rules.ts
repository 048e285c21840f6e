import type { FileAction } from '@codegen/contracts';

/** Larger files are refused, unless a rule allows their path. */
export const LARGE_FILE_BYTES = 50 * 1024 * 1024;

/**
 * Files that an agent may not commit, and files that cause a warning. `files` of `.project.yml` adds rules after these; the
 * last rule that matches a path counts.
 */
export const FILE_RULES: Readonly<Record<string, FileAction>> = {
  node_modules: 'refuse',
  '.venv': 'refuse',
  __pycache__: 'warn',
  '.env': 'refuse',
  '.env.*': 'refuse',
  '.env.example': 'allow',
  '.env.sample': 'allow',
  '.env.template': 'allow',
  '.netrc': 'refuse',
  '.git-credentials': 'refuse',
  id_rsa: 'refuse',
  id_dsa: 'refuse',
  id_ecdsa: 'refuse',
  id_ed25519: 'refuse',
  '*.p12': 'refuse',
  '*.pfx': 'refuse',
  '*.jks': 'refuse',
  '*.key': 'warn',
  '*.pem': 'warn',
};

export interface CommittedFile {
  readonly path: string;
  readonly bytes: number;
  /** Whether its text contains a private key. */
  readonly holdsKey: boolean;
}

/** Whether the rules refuse a file or warn of it, and why; undefined if they allow it. */
export function checkFile(
  { path, bytes, holdsKey }: CommittedFile,
  rules: Readonly<Record<string, FileAction>> = {},
): { action: 'refuse' | 'warn'; why: string } | undefined {
  const rule = [...Object.entries(FILE_RULES), ...Object.entries(rules)].findLast(([one]) => fits(one, path));
  if (rule?.[1] === 'allow') return undefined;
  if (rule?.[1] === 'refuse') return { action: 'refuse', why: `the rule "${rule[0]}" refuses it` };
  if (holdsKey) return { action: 'refuse', why: 'it contains a private key' };
  if (bytes > LARGE_FILE_BYTES)
    return { action: 'refuse', why: `it is larger than ${LARGE_FILE_BYTES / 1024 ** 2} MB` };
  return rule && { action: 'warn', why: `the rule "${rule[0]}" warns: it may be a secret or a generated file` };
}

/**
 * Whether a pattern matches a path or one of its folders. A pattern without `/` matches a name at any depth, one with `/`
 * the path from the top; `*` is any part of a name, `**` any number of folders.
 */
function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split('/').filter(Boolean);
  const names = path.split('/');
  if (!pattern.includes('/')) return names.some((name) => fitsName(pattern, name));
  // The positions in the pattern that the names so far may have reached.
  let places = new Set([0]);
  for (const name of names) {
    const next = new Set<number>();
    for (const place of openedBy(places, wanted)) {
      const one = wanted[place];
      if (one === undefined) continue;
      if (one === '**') next.add(place);
      else if (fitsName(one, name)) next.add(place + 1);
    }
    places = next;
    if (openedBy(places, wanted).has(wanted.length)) return true;
  }
  return false;
}

/** Adds positions after `**`, which may match no folder. */
function openedBy(places: ReadonlySet<number>, wanted: readonly string[]): Set<number> {
  const all = new Set(places);
  for (const place of all) if (wanted[place] === '**') all.add(place + 1);
  return all;
}

/** Whether a pattern with `*` matches a name; takes at most the product of their lengths. */
function fitsName(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let tried = 0;
  let place = 0;
  while (at < name.length) {
    if (pattern[place] === '*') {
      star = place++;
      tried = at;
    } else if (place < pattern.length && pattern[place] === name[at]) {
      place += 1;
      at += 1;
    } else if (star >= 0) {
      place = star + 1;
      at = ++tried;
    } else return false;
  }
  while (pattern[place] === '*') place += 1;
  return place === pattern.length;
}
