import * as Flags from '@oclif/core/flags';

/** Flags of everything that changes something. */
export const changeFlags = {
  'idempotency-key': Flags.string({ description: 'Makes a repeated call the same call', helpValue: 'KEY' }),
};

/** Flags of everything that creates something. */
export const creationFlags = {
  input: Flags.string({
    description: 'The whole request as JSON, from a file or standard input (-); other flags win over it',
    helpValue: 'FILE',
  }),
  'dry-run': Flags.boolean({ description: 'Have the server check everything, and store nothing' }),
  'idempotency-key': Flags.string({
    description: 'Makes a repeated call the same call; in CI it follows from run, command and input',
    helpValue: 'KEY',
  }),
};

/** For commands that can follow a task to its end; its value may be left out. */
export const waitFlag = {
  wait: Flags.string({
    description: 'Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels',
    helpValue: '15m',
  }),
};

/** The project that a command is about. */
export const projectFlag = {
  project: Flags.string({ description: 'Name or id (ORCHESTRATOR_PROJECT, or "project" in .orchestrator.json)' }),
};

/** For what cannot be undone. */
export const yesFlag = {
  yes: Flags.boolean({ description: 'Do it without asking; needed where nobody can be asked' }),
};

/** Flags of everything that starts a task. */
export const startFlags = {
  ...projectFlag,
  ...waitFlag,
  ...creationFlags,
};
