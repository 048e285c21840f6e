import { spellOutOptionalValues } from './argv.js';
import type { BaseCommand, CommandClass } from './base-command.js';
import { type CommandId, commandTable } from './command-table.js';
import { checkAllowed } from './permissions.js';
import type { Screen } from './render/screen.js';
import { printable } from './render/text.js';
import type { Runtime } from './runtime.js';
import { translateError } from './translate-error.js';

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
  const { default: load } = await commandTable[id].load();
  return await runClass(load as CommandClass, argv, runtime);
}

/** Runs the command of a class. @throws OrchestratorError always */
export async function runClass(Class: CommandClass, argv: readonly string[], runtime: Runtime): Promise<Outcome> {
  const flags = { ...Class.baseFlags, ...Class.flags };
  try {
    const instance = await instantiate(Class, spellOutOptionalValues(argv, flags, Class.optionalValues), runtime);
    const data = await instance.run();
    return { data, render: (screen) => instance.render(printable(data), screen) };
  } catch (cause) {
    throw translateError(cause, Object.keys(flags));
  }
}

async function instantiate(Class: CommandClass, argv: string[], runtime: Runtime): Promise<BaseCommand> {
  const { Config } = await import('@oclif/core/config');
  // Not loaded: the table has found the command already, and there are no plugins to look for.
  const config = new Config({ root: import.meta.dirname });
  Object.assign(config, { bin: 'orchestrator', runHook: async () => ({ successes: [], failures: [] }) });
  return new Class(argv, config, runtime);
}
