import { OrchestratorError } from '@codegen/sdk/errors';
import { type CommandId, commandTable } from './command-table.js';

/** What reads nothing but this program's own files, and is open to every role. */
const offline = ['contracts.*'];

/** What a role may run; for agents, whose container names the role rather than every command. */
const roles: Record<string, readonly string[]> = {
  PRODUCT_OWNER: [
    'project.*',
    'engineering.*',
    'deploy.*',
    'task.*',
    'respond',
    'auth.status',
    'diagnose.*',
    ...offline,
  ],
  DEVELOPER: ['project.get', 'task.get', 'respond', 'auth.status', 'diagnose.api', ...offline],
  DEVOPS: [
    'project.get',
    'project.list',
    'deploy.*',
    'task.*',
    'infra.*',
    'respond',
    'auth.status',
    'diagnose.*',
    ...offline,
  ],
};

/**
 * Reads ALLOWED_COMMANDS: ids, `topic.*`, `*` and roles, separated by commas or spaces.
 * Missing allows all; set but empty allows nothing, for a list that came out empty must not open everything.
 */
export function allowedPatterns(variable: string | undefined): readonly string[] {
  if (variable === undefined) return ['*'];
  const entries = variable.split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.flatMap((entry) => roles[entry.toUpperCase()] ?? [entry.replaceAll(':', '.')]);
}

/** Whether one of the patterns covers the command. */
export function isAllowed(id: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (pattern === '*' || pattern === id) return true;
    return pattern.endsWith('.*') && `${id}.`.startsWith(pattern.slice(0, -1));
  });
}

/** @throws OrchestratorError COMMAND_NOT_ALLOWED, with the commands that are */
export function checkAllowed(id: CommandId, env: NodeJS.ProcessEnv): void {
  const patterns = allowedPatterns(env.ALLOWED_COMMANDS);
  if (isAllowed(id, patterns)) return;
  const choices = Object.keys(commandTable).filter((known) => isAllowed(known, patterns));
  const allowed = choices.length > 0 ? `allowed: ${choices.join(', ')}` : 'no command is allowed';
  throw new OrchestratorError('COMMAND_NOT_ALLOWED', `${id} is not in ALLOWED_COMMANDS; ${allowed}`, {
    choices,
    details: { command: id, allowed: [...patterns] },
  });
}
