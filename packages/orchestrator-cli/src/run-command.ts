import type { Config } from '@oclif/core/config';
import { spellOutOptionalValues } from './argv.js';
import type { BaseCommand, CommandClass } from './base-command.js';
import type { CommandId } from './command-table.js';
import { loadCommand } from './load-command.js';
import { checkAllowed } from './permissions.js';
import { permittedData } from './permitted-steps.js';
import type { Screen } from './render/screen.js';
import { printable } from './render/text.js';
import type { Runtime } from './runtime.js';
import { nameFlags, translateError } from './translate-error.js';

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
  return await runClass(await loadCommand(id), argv, runtime);
}

/** Runs the command of a class. @throws OrchestratorError always */
export async function runClass(Class: CommandClass, argv: readonly string[], runtime: Runtime): Promise<Outcome> {
  const flags = { ...Class.baseFlags, ...Class.flags };
  try {
    const instance = instantiate(Class, spellOutOptionalValues(argv, flags, Class.optionalValues), runtime);
    const data = await instance.run();
    return { data, render: (screen) => instance.render(printable(permittedData(data, runtime)), screen) };
  } catch (cause) {
    const names = Object.keys(flags);
    throw nameFlags(translateError(cause, names), names);
  }
}

function instantiate(Class: CommandClass, argv: string[], runtime: Runtime): BaseCommand {
  // All that the parser asks for. A whole Config would look for plugins and take milliseconds to load.
  const config = { bin: 'orchestrator', runHook: async () => ({ successes: [], failures: [] }) } as unknown as Config;
  return new Class(argv, config, runtime);
}
