import { identifier } from '@codegen/contracts';
import { z } from 'zod';

/** Of everything that changes something. */
export const changeInput = () => ({
  idempotency_key: z.string().optional().meta({ description: 'Makes a repeated call the same call', value: 'KEY' }),
});

/** For what a CI run that is repeated does not do twice; `what` is the same then: `call`. */
export const ciKeyInput = (what = 'call') => ({
  idempotency_key: z
    .string()
    .optional()
    .meta({
      description: `Makes a repeated call the same ${what}; in CI it follows from run, command and input`,
      value: 'KEY',
    }),
});

/** A whole request as a document. */
export const documentInput = (what = 'request') => ({
  input: z
    .string()
    .optional()
    .meta({
      description: `The whole ${what} as JSON, from a file or standard input (-); other flags win over it`,
      value: 'FILE',
    }),
});

/** Of everything that creates something. */
export const creationInput = () => ({
  ...documentInput(),
  dry_run: z.boolean().optional().meta({ description: 'Have the server check everything, and store nothing' }),
  ...ciKeyInput(),
});

/** For commands that can follow a task to its end. */
export const waitInput = () => ({
  wait: z.string().optional().meta({
    description: 'Follow the task to its end, or for so long; Ctrl-C lets go of it and never cancels',
    value: '15m',
    valueOptional: true,
    tool: false,
  }),
});

/** The project that a command is about, as a flag. */
export const projectInput = () => ({
  project: identifier.optional().meta({
    description: 'Name or id (ORCHESTRATOR_PROJECT, or "project" in .orchestrator.json)',
    tool: PROJECT,
    neededByTools: true,
  }),
});

/** The project that a command is about, as an argument or a flag. */
export const projectArgument = (meta: z.GlobalMeta = {}) =>
  identifier.optional().meta({
    positional: 'Name or id; without it, that of the settings',
    description: 'The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)',
    ...meta,
  });

/** What an MCP client is told of a project. */
export const PROJECT = 'The project: its id or name';

/** The task that a command is about. */
export const taskInput = () => ({
  task: identifier.meta({ positional: true, description: 'Id of the task', tool: 'Id of the task, task_…' }),
});

/** For what cannot be undone. */
export const yesInput = (meta: z.GlobalMeta = {}) => ({
  yes: z
    .boolean()
    .optional()
    .meta({
      description: 'Do it without asking; needed where nobody can be asked',
      tool: 'Confirms it; needed, since it cannot be undone',
      ...meta,
    }),
});

/** Of everything that starts a task. */
export const startInput = () => ({ ...projectInput(), ...waitInput(), ...creationInput() });

/** The fields of what a command prints, all of them by default. */
export const fieldsInput = (names: readonly string[], description = 'Only these fields, separated by commas') => ({
  fields: z.string().optional().meta({ description, value: 'A,B', fieldNames: names }),
});

/** Of every list of pages. */
export const listInput = (names: readonly string[]) => ({
  ...fieldsInput(names),
  limit: z.int().min(1).max(500).default(50).meta({ description: 'Items to show, up to 500', value: 'N' }),
  cursor: z.string().optional().meta({ description: 'Go on after an earlier list: its next_cursor' }),
});

/** The queue that a command is about. */
export const queueInput = () => ({
  queue: z.string().optional().meta({ positional: true, description: 'Name of the queue, see queue list' }),
});

/** Which dead letters. */
export const deadLetterInput = () => ({
  ...queueInput(),
  ids: z.string().optional().meta({ positional: true, description: 'Ids of dead letters, separated by commas' }),
  all: z.boolean().optional().meta({ description: 'All dead letters that are there now' }),
  dry_run: z.boolean().optional().meta({ description: 'Only tell which ones' }),
});

/** The worker that a command is about. */
export const workerInput = () => ({
  worker: z.string().optional().meta({ positional: true, description: 'Id of the worker, see worker list' }),
});

/** How long to wait, where a command waits for worker-manager or a turn. */
export const timeoutInput = () => ({
  timeout: z.string().optional().meta({ description: 'Wait so long at most', value: '30s' }),
});
