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
  // No prompt, and no key, agent or configuration of this account.
  GIT_SSH_COMMAND: 'ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=none',
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
