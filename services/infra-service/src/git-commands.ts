/** Variables under which git reads only what a command names: no configuration of this machine, no hooks, no prompt. */
export function gitEnvironment(path: string): Record<string, string> {
  return {
    PATH: path,
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** The full id of the commit that a revision names. */
export function resolveCommitCommand(repository: string, revision: string): string[] {
  return [...on(repository), 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
}

/** Reads a commit's tree into the index that GIT_INDEX_FILE names. */
export function readTreeCommand(repository: string, sha: string): string[] {
  return [...on(repository), 'read-tree', sha];
}

/** Writes every file of that index below a folder. */
export function checkoutIndexCommand(repository: string, folder: string): string[] {
  return [...on(repository), `--work-tree=${folder}`, 'checkout-index', '--all', '--force', '--quiet'];
}

function on(repository: string): string[] {
  // The operator names the repositories' folder, so its owner need not be this account.
  return ['-c', 'core.hooksPath=/dev/null', '-c', `safe.directory=${repository}`, `--git-dir=${repository}`];
}
