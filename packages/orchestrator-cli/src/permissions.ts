import { expandScopes, holdsScope, isKnownScope, type KnownScope } from '@codegen/contracts/scopes';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { type CommandId, commandTable, entryOf } from './command-table.js';

/** What a key may do, as far as the command line knows; the API alone decides. */
export interface KeyPermissions {
  scopes: readonly string[];
  isAdmin: boolean;
}

/** What needs no scope: it works without the API, or any key may do it. */
const OF_ANY_KEY: readonly string[] = [
  ...[
    'auth.login',
    'auth.logout',
    'auth.status',
    'config.*',
    'completion',
    'contracts.*',
    'mcp',
    'up',
    'down',
    'respond',
  ],
  ...['diagnose', 'diagnose.api', 'diagnose.redis', 'diagnose.workers', 'system.*'],
];

/** For what the key may not read. */
export function noneWhereForbidden(error: unknown): null {
  if (isOrchestratorError(error) && error.code === 'FORBIDDEN') return null;
  throw error;
}

/** Whether a key may do what a command does, as far as is known; of an unknown one nothing is held back. */
export function keyMay(id: CommandId, key: KeyPermissions | undefined): boolean {
  if (key === undefined || holdsScope(OF_ANY_KEY, id)) return true;
  return holdsScope(key.scopes, id) && (key.isAdmin || entryOf(id).forAdmins !== true);
}

/**
 * Reads ALLOWED_COMMANDS: ids, `topic.*`, `*` and roles, separated by commas or spaces.
 * Missing allows all; set but empty allows nothing, for a list that came out empty must not open everything.
 */
export function allowedPatterns(variable: string | undefined): readonly string[] {
  if (variable === undefined) return ['*'];
  const entries = variable.split(/[\s,]+/).filter((entry) => entry !== '');
  return expandScopes(entries);
}

/** Whether a command, or what belongs to one, may be used here. */
export function isAllowed(id: KnownScope, env: NodeJS.ProcessEnv): boolean {
  return holdsScope(allowedPatterns(env.ALLOWED_COMMANDS), id);
}

/** @throws OrchestratorError COMMAND_NOT_ALLOWED, with the commands that are */
export function checkAllowed(id: KnownScope, env: NodeJS.ProcessEnv): void {
  if (isAllowed(id, env)) return;
  const patterns = allowedPatterns(env.ALLOWED_COMMANDS);
  const choices = Object.keys(commandTable).filter((known) => holdsScope(patterns, known));
  const unknown = patterns.filter((pattern) => !isKnownScope(pattern));
  const meaningless = unknown.length > 0 ? `; ${unknown.join(', ')} in it is no command, topic.* or role` : '';
  const allowed = choices.length > 0 ? `allowed: ${choices.join(', ')}` : 'no command is allowed';
  throw new OrchestratorError('COMMAND_NOT_ALLOWED', `${id} is not in ALLOWED_COMMANDS${meaningless}; ${allowed}`, {
    choices,
    details: { command: id, allowed: [...patterns] },
  });
}
