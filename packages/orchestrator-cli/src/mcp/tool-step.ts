import { basename } from 'node:path';
import type { NextStep } from '@codegen/sdk/errors';
import { readRequest } from '../argv.js';
import type { CommandClass } from '../base-command.js';
import { entryOf } from '../command-table.js';
import { loadCommand } from '../load-command.js';
import { isAllowed } from '../permissions.js';
import { isStep } from '../permitted-steps.js';
import { shellWords } from '../typed-line.js';
import { type Field, fieldsOf, isInteger } from './tool-input.js';
import { toolName } from './tool-words.js';

/** What to do next: a call of a tool, with the arguments that are still to be given, or a command line for whoever runs the server. */
type ToolStep =
  | { tool: string; arguments: Record<string, unknown>; fill_in?: string[]; when: string }
  | { for_a_person: string; when: string };

/** The steps as a client can take them. What a tool takes its list of tools says, so help is none. */
export async function toolSteps(steps: readonly NextStep[], env: NodeJS.ProcessEnv): Promise<ToolStep[]> {
  return (await Promise.all(steps.map((step) => toolStep(step, env)))).filter((step) => step !== undefined);
}

/** The same data with the steps in it (`next`, of a verdict for example) as a client can take them. */
export async function withToolSteps(data: unknown, env: NodeJS.ProcessEnv): Promise<unknown> {
  if (Array.isArray(data)) return await Promise.all(data.map((one) => withToolSteps(one, env)));
  if (typeof data !== 'object' || data === null) return data;
  const entries = Object.entries(data).map(async ([key, value]) => {
    return [key, key === 'next' && isStep(value) ? await toolStep(value, env) : await withToolSteps(value, env)];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function toolStep({ command, when }: NextStep, env: NodeJS.ProcessEnv): Promise<ToolStep | undefined> {
  const [program = '', ...words] = shellWords(command);
  const { command: id, argv, help } = readRequest(words, {});
  const forAPerson = { for_a_person: command, when };
  if (basename(program) !== 'orchestrator' || !id) return forAPerson;
  if (entryOf(id).notInMcp !== undefined || !isAllowed(id, env)) return forAPerson;
  if (help) return undefined;
  const { input, unsaid } = inputOf(argv, await loadCommand(id));
  return { tool: toolName(id), arguments: input, ...(unsaid.length > 0 && { fill_in: unsaid }), when };
}

/** A command line as a tool's input, without flags that the tool has not; `unsaid` is what has only a word that stands for its value. */
function inputOf(argv: readonly string[], Class: CommandClass): { input: Record<string, unknown>; unsaid: string[] } {
  const fields = fieldsOf(Class);
  const flags: Record<string, { type: string }> = { ...Class.baseFlags, ...Class.flags };
  const input: Record<string, unknown> = {};
  const unsaid: string[] = [];
  const positions = [...fields].filter(([, { flag }]) => flag === undefined);
  const give = (name: string, { shape }: Field, value: string) => {
    const placeholder = String(shape.helpValue ?? name.split('_').at(-1)?.toUpperCase());
    if (value === placeholder) {
      unsaid.push(name);
      return;
    }
    const typed = isInteger(shape) ? Number(value) : value;
    input[name] = shape.multiple ? [...((input[name] as unknown[] | undefined) ?? []), typed] : typed;
  };
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, flag, attached] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
    const name = flag?.replaceAll('-', '_') ?? '';
    const field = fields.get(name);
    if (flag !== undefined && field === undefined) {
      const hasValue = flags[flag]?.type === 'option' && !Class.optionalValues.includes(flag);
      if (hasValue && attached === undefined) words.shift();
    } else if (field?.shape.type === 'boolean') input[name] = true;
    else if (field) give(name, field, attached ?? words.shift() ?? '');
    else if (positions[0]) {
      const [[position, argument]] = positions as [[string, Field]];
      give(position, argument, word);
      if (!argument.shape.multiple) positions.shift();
    }
  }
  return { input, unsaid };
}
