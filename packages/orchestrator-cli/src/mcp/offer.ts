import { expandScopes, holdsScope, isKnownScope, type KnownScope, knownScopes } from '@codegen/contracts/scopes';
import { OrchestratorError } from '@codegen/sdk/errors';
import { type CommandId, commandTable, entryOf } from '../command-table.js';
import { nearest } from '../kit/nearest.js';
import { allowedPatterns, type KeyPermissions, keyMay } from '../permissions.js';

/** What an MCP server offers its client. */
export interface Offer {
  /** How many tools there would be besides, if the key allowed them. */
  readonly withheld: number;
  /** The commands that are tools. */
  readonly ids: readonly CommandId[];
  /** Those and what belongs to them, as ALLOWED_COMMANDS of their calls. */
  readonly granted: readonly KnownScope[];
}

/**
 * The commands that only read, and those of `allow` (ids, `topic.*`, roles); without that, of ALLOWED_COMMANDS. Never what
 * ALLOWED_COMMANDS, where it is set, or the key do not allow, and nothing that makes no sense without a terminal.
 * @throws OrchestratorError USAGE where a name in `allow` means nothing, or no tool
 */
export function offer(
  allowed: string | undefined,
  allow: readonly string[] | undefined,
  key: KeyPermissions | undefined,
): Offer {
  const most = allowedPatterns(allowed);
  const wanted = allow === undefined ? (allowed === undefined ? [] : most) : checked(allow);
  const isWanted = (scope: KnownScope) =>
    (isCommand(scope) && entryOf(scope).effect === 'read') || holdsScope(wanted, scope);
  const isTool = (scope: KnownScope): scope is CommandId => {
    return isCommand(scope) && entryOf(scope).notInMcp === undefined;
  };
  const wished = knownScopes.filter((scope) => holdsScope(most, scope) && isWanted(scope));
  const granted = wished.filter((scope) => !isCommand(scope) || keyMay(scope, key));
  const ids = granted.filter(isTool);
  return { granted, ids, withheld: wished.filter(isTool).length - ids.length };
}

function isCommand(scope: string): scope is CommandId {
  return Object.hasOwn(commandTable, scope);
}

function checked(allow: readonly string[]): string[] {
  const given = allow.flatMap((list) => list.split(/[\s,]+/)).filter((name) => name !== '');
  const names = expandScopes(given);
  for (const name of names) {
    if (!isKnownScope(name)) {
      const choices = nearest(name, Object.keys(commandTable));
      throw new OrchestratorError('USAGE', `--allow takes ids of commands, topic.*, * and roles: there is no ${name}`, {
        ...(choices.length > 0 && { choices }),
      });
    }
    const why = given.includes(name) && isCommand(name) ? entryOf(name).notInMcp : undefined;
    if (why !== undefined) throw new OrchestratorError('USAGE', `--allow ${name}: that is no tool: it ${why}`);
  }
  return names;
}
