import * as Flags from '@oclif/core/flags';

/** Flags of everything that creates something. */
export const creationFlags = {
  'dry-run': Flags.boolean({ description: 'Have the server check everything, and store nothing' }),
  'idempotency-key': Flags.string({
    description: 'Makes a repeated call the same call; in CI it follows from run, command and input',
    helpValue: 'KEY',
  }),
};

/** Flags of everything that starts a task. */
export const startFlags = {
  project: Flags.string({ description: 'Name or id (ORCHESTRATOR_PROJECT, or "project" in .orchestrator.json)' }),
  wait: Flags.string({
    description: 'Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels',
    helpValue: '15m',
  }),
  ...creationFlags,
};
