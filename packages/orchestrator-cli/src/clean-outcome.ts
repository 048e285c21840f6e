import { type NextStep, OrchestratorError, paste } from '@codegen/sdk/errors';
import type { CommandId } from './command-table.js';
import { commandName } from './command-table.js';
import type { Runtime } from './kit/runtime.js';
import { nextSteps, onSystem } from './next-steps.js';
import { asCalled } from './program.js';

const REPLAYED =
  'nothing was done now: an earlier call with the same idempotency key did it, and this is its answer; ' +
  'to do it again, give another --idempotency-key';

/** The run's warnings, without secrets. */
export function cleanWarnings({ warnings, meta, redactor }: Pick<Runtime, 'warnings' | 'meta' | 'redactor'>): string[] {
  return [...(meta.replayed ? [REPLAYED] : []), ...warnings].map((warning) => redactor.clean(warning));
}

const TOKEN = 'ORCHESTRATOR_TOKEN';
/** A new login would change nothing. */
const UNSET: NextStep = { command: `unset ${TOKEN}`, when: 'to use the stored login; or set it to another key' };

/** An error with what to do about it, both without secrets. `argv` is what a person may repeat, without the command's name. */
export function cleanError(
  error: OrchestratorError,
  id: CommandId | undefined,
  { meta, redactor, system }: Pick<Runtime, 'meta' | 'redactor' | 'system'>,
  argv?: readonly string[],
): { error: OrchestratorError; next: NextStep[] } {
  const asAdmin = id && argv && adminStep(error, commandName(id), argv, system.admin);
  const inVariable = error.code === 'UNAUTHENTICATED' && error.next === undefined && system.tokenInVariable;
  const own = inVariable ? UNSET : asAdmin;
  const steps = own ? [own] : nextSteps(error, id && commandName(id), meta.idempotency_key);
  const clean = redactor.cleanAll({
    next: steps.map((step) => onSystem(step, system)).map((step) => ({ ...step, command: asCalled(step.command) })),
    message: inVariable ? `${error.message}; it is the one in ${TOKEN}, which goes before every login` : error.message,
    details: error.details,
  }) as { next: NextStep[]; message: string; details: unknown };
  const shown = new OrchestratorError(error.code, clean.message, { ...error, details: clean.details });
  return { error: shown, next: clean.next };
}

/** What was refused because of the key's role, again with an administrator's login, where there is one. */
function adminStep(
  error: OrchestratorError,
  command: string,
  argv: readonly string[],
  admin: string | undefined,
): NextStep | undefined {
  if (error.code !== 'FORBIDDEN' || admin === undefined || !error.choices?.includes('admin')) return undefined;
  const given = argv.filter(
    (word, at) => !/^--(profile|api-url)(=|$)/.test(word) && !/^--(profile|api-url)$/.test(argv[at - 1] ?? ''),
  );
  return {
    command: [`orchestrator ${command}`, paste`--profile ${admin}`, ...given.map(pasted)].join(' '),
    when: 'to do it as the administrator',
  };
}

/** A word of a command line as it is pasted; the hyphens of a flag stay outside of the quotes. */
function pasted(word: string): string {
  const hyphens = /^-*/.exec(word)?.[0] ?? '';
  return hyphens !== '' && hyphens === word ? word : hyphens + paste`${word}`;
}
