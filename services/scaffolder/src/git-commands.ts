/** Who makes the first commit of a project. */
export const SCAFFOLDER_IDENTITY = { name: 'Scaffolder', email: 'scaffolder@codegen.invalid' } as const;

/** What a bare repository of ours is set to: nothing runs by itself, nothing that was pushed can be deleted. */
export const BARE_SETTINGS: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  // Every move of every branch stays traceable.
  ['core.logAllRefUpdates', 'true'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['receive.autogc', 'false'],
  ['receive.denyDeletes', 'true'],
  // A worker may rewrite the task branch of its own epoch; main moves by compare-and-set only.
  ['receive.denyNonFastForwards', 'false'],
  ['receive.fsckObjects', 'true'],
  // A tester and a release fetch the exact commit they were told.
  ['uploadpack.allowReachableSHA1InWant', 'true'],
];

const NO_OBJECT = '0'.repeat(40);
const MAIN = 'refs/heads/main';

export const setConfig = (gitDir: string, [name, value]: readonly [string, string]) => [
  `--git-dir=${gitDir}`,
  'config',
  name,
  value,
];

/** Stages everything, also what the drawn .gitignore names. */
export const addAll = (folder: string) => ['-C', folder, 'add', '--all', '--force'];

export const commit = (folder: string, message: string) => [
  '-C',
  folder,
  'commit',
  '--quiet',
  '--no-verify',
  '--message',
  message,
];

/** Copies the objects of a folder's HEAD into a bare repository, without moving a branch there. */
export const fetchHead = (gitDir: string, folder: string) => [
  `--git-dir=${gitDir}`,
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  folder,
  'HEAD',
];

/** Moves main to `to`, but only from `from`; without `from`, only where there is no main yet. */
export const moveMain = (gitDir: string, { from = NO_OBJECT, to }: { from?: string | undefined; to: string }) => [
  `--git-dir=${gitDir}`,
  'update-ref',
  MAIN,
  to,
  from,
];

export const readBlob = (gitDir: string, commitSha: string, path: string) => [
  `--git-dir=${gitDir}`,
  'cat-file',
  'blob',
  `${commitSha}:${path}`,
];

/** Contents of the objects whose names come on stdin. */
export const readObjects = (gitDir: string) => [`--git-dir=${gitDir}`, 'cat-file', '--batch'];

/** Prints the first commit of a history. */
export const firstCommit = (gitDir: string, commitSha: string) => [
  `--git-dir=${gitDir}`,
  'rev-list',
  '--max-parents=0',
  commitSha,
];

export const listFiles = (gitDir: string, commitSha: string) => [
  `--git-dir=${gitDir}`,
  'ls-tree',
  '-r',
  '-z',
  '--name-only',
  commitSha,
];

/** Mode and path of all that is in a commit, its folders too. */
export const listEntries = (gitDir: string, commitSha: string) => [
  `--git-dir=${gitDir}`,
  'ls-tree',
  '-r',
  '-t',
  '-z',
  '--full-tree',
  commitSha,
];
