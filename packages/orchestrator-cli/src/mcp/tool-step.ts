import { basename } from 'node:path';
import type { NextStep } from '@codegen/sdk/errors';
import { type CommandId, entryOf } from '../command-table.js';
import { commandFields, globalFields } from '../generated/command-fields.js';
import { loadCommand } from '../generated/load-command.js';
import { shellWords } from '../input/typed-line.js';
import { type Field, flagOf, valueName } from '../kit/field.js';
import { readRequest } from '../kit/request.js';
import { isAllowed } from '../permissions.js';
import { mapSteps } from '../permitted-steps.js';
import { toolInput } from './tool-input.js';
import { toolName } from './tool-words.js';

/** What to do next: a call of a tool, with the arguments that are still to be given, or a command line for whoever runs the server. */
type ToolStep =
  | { tool: string; arguments: Record<string, unknown>; fill_in?: string[]; when: string }
  | { for_a_person: string; when: string };

/** The steps as a client can take them. What a tool takes its list of tools says, so help is none. */
export async function toolSteps(steps: readonly NextStep[], env: NodeJS.ProcessEnv): Promise<ToolStep[]> {
  return (await Promise.all(steps.map((step) => toolStep(step, env)))).filter((step) => step !== undefined);
}

/** The same data with the steps in it as a client can take them. */
export async function withToolSteps(data: unknown, env: NodeJS.ProcessEnv): Promise<unknown> {
  const steps: NextStep[] = [];
  mapSteps(data, (step) => steps.push(step));
  const made = await Promise.all(steps.map((step) => toolStep(step, env)));
  return mapSteps(data, () => made.shift());
}

async function toolStep({ command, when }: NextStep, env: NodeJS.ProcessEnv): Promise<ToolStep | undefined> {
  const [program = '', ...words] = shellWords(command);
  const { command: id, argv, help } = readRequest(words, {});
  const forAPerson = { for_a_person: command, when };
  if (basename(program) !== 'orchestrator' || !id) return forAPerson;
  if (entryOf(id).notInMcp !== undefined || !isAllowed(id, env)) return forAPerson;
  if (help) return undefined;
  const { input, unsaid } = inputOf(argv, id, new Set(Object.keys(toolInput(await loadCommand(id)).shape)));
  return { tool: toolName(id), arguments: input, ...(unsaid.length > 0 && { fill_in: unsaid }), when };
}

/** A command line as a tool's input, without flags that the tool has not; `unsaid` is what has only a word that stands for its value. */
function inputOf(
  argv: readonly string[],
  id: CommandId,
  names: ReadonlySet<string>,
): { input: Record<string, unknown>; unsaid: string[] } {
  const fields = [...commandFields[id], ...globalFields];
  const input: Record<string, unknown> = {};
  const unsaid: string[] = [];
  const positions = fields.filter(({ positional }) => positional !== undefined);
  const give = (field: Field, value: string) => {
    const { name, kind, multiple } = field;
    if (value === valueName(field)) {
      unsaid.push(name);
      return;
    }
    const typed = kind === 'integer' ? Number(value) : value;
    input[name] = multiple ? [...((input[name] as unknown[] | undefined) ?? []), typed] : typed;
  };
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const [, flag, attached] = /^(--[a-z][a-z-]*)(?:=(.*))?$/s.exec(word) ?? [];
    const field = flag === undefined ? positions.shift() : fields.find(({ name }) => flagOf(name) === flag);
    if (flag === undefined) {
      if (field) give(field, word);
    } else if (field && !names.has(field.name)) {
      if (field.kind !== 'boolean' && !field.valueOptional && attached === undefined) words.shift();
    } else if (field?.kind === 'boolean') input[field.name] = true;
    else if (field) give(field, attached ?? words.shift() ?? '');
  }
  return { input, unsaid };
}
