import { expandScopes, holdsScope } from '@codegen/contracts/scopes';
import { OrchestratorError } from '@codegen/sdk/errors';
import { type CommandId, commandTable } from './command-table.js';

/**
 * Reads ALLOWED_COMMANDS: ids, `topic.*`, `*` and roles, separated by commas or spaces.
 * Missing allows all; set but empty allows nothing, for a list that came out empty must not open everything.
 */
export function allowedPatterns(variable: string | undefined): readonly string[] {
  if (variable === undefined) return ['*'];
  const entries = variable.split(/[\s,]+/).filter((entry) => entry !== '');
  return expandScopes(entries);
}

/** @throws OrchestratorError COMMAND_NOT_ALLOWED, with the commands that are */
export function checkAllowed(id: CommandId, env: NodeJS.ProcessEnv): void {
  const patterns = allowedPatterns(env.ALLOWED_COMMANDS);
  if (holdsScope(patterns, id)) return;
  const choices = Object.keys(commandTable).filter((known) => holdsScope(patterns, known));
  const allowed = choices.length > 0 ? `allowed: ${choices.join(', ')}` : 'no command is allowed';
  throw new OrchestratorError('COMMAND_NOT_ALLOWED', `${id} is not in ALLOWED_COMMANDS; ${allowed}`, {
    choices,
    details: { command: id, allowed: [...patterns] },
  });
}
