import type { CommandId } from '../command-table.js';
import { commandFields, globalFields } from '../generated/command-fields.js';
import { loadCommand } from '../generated/load-command.js';
import { checkAllowed } from '../permissions.js';
import { permittedData } from '../permitted-steps.js';
import { Context } from './context.js';
import type { Runnable } from './define-command.js';
import { nameFlags, translateError } from './errors.js';
import type { Field } from './field.js';
import { completeInput, parseInput } from './parse.js';
import type { Runtime } from './runtime.js';
import type { Screen } from './screen.js';
import { printable } from './text.js';

/** What a command line came to, before it is printed. */
export interface Outcome {
  data: unknown;
  render(screen: Screen): string | Promise<string>;
}

/**
 * Runs one command in this process: allowed? → parse → run. Nothing is printed but the command's own progress.
 * @param argv its flags and arguments, without its name
 * @throws OrchestratorError always: what the command threw, what its parser said, COMMAND_NOT_ALLOWED
 */
export async function runCommand(id: CommandId, argv: readonly string[], runtime: Runtime): Promise<Outcome> {
  checkAllowed(id, runtime.env);
  return await runArgv(id, await loadCommand(id), argv, runtime);
}

/** Runs bare `orchestrator`, which has flags of every command and no others. @throws OrchestratorError always */
export async function runHome(argv: readonly string[], runtime: Runtime): Promise<Outcome> {
  const { home } = await import('../commands/home.js');
  return await runArgv(undefined, home, argv, runtime);
}

/** Runs a command on what its fields are given. @throws OrchestratorError always */
export async function runOn(
  id: CommandId | undefined,
  command: Runnable,
  given: Readonly<Record<string, unknown>>,
  runtime: Runtime,
): Promise<Outcome> {
  const fields = fieldsOf(id);
  try {
    const input = completeInput(given, fields);
    const context = new Context(id, input, runtime);
    const data = await command.run(input, context);
    return { data, render: (screen) => command.render(printable(permittedData(data, runtime)), screen, context) };
  } catch (cause) {
    throw nameFlags(translateError(cause), fields);
  }
}

async function runArgv(id: CommandId | undefined, command: Runnable, argv: readonly string[], runtime: Runtime) {
  return await runOn(id, command, await parseInput(argv, fieldsOf(id)), runtime);
}

/** The fields of a command line: the command's own and those of every command. */
function fieldsOf(id: CommandId | undefined): Field[] {
  return [...(id ? commandFields[id] : []), ...globalFields];
}
