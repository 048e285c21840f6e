import { type NextStep, OrchestratorError } from '@codegen/sdk/errors';
import type { CommandId } from './command-table.js';
import { spoken } from './command-table.js';
import { nextSteps } from './next-steps.js';
import type { Runtime } from './runtime.js';

/** The run's warnings, without secrets. */
export function cleanWarnings({ warnings, redactor }: Pick<Runtime, 'warnings' | 'redactor'>): string[] {
  return warnings.map((warning) => redactor.clean(warning));
}

/** An error with what to do about it, both without secrets. */
export function cleanError(
  error: OrchestratorError,
  id: CommandId | undefined,
  { meta, redactor }: Pick<Runtime, 'meta' | 'redactor'>,
): { error: OrchestratorError; next: NextStep[] } {
  const clean = redactor.cleanAll({
    next: nextSteps(error, id && spoken(id), meta.idempotency_key),
    message: error.message,
    details: error.details,
  }) as { next: NextStep[]; message: string; details: unknown };
  const shown = new OrchestratorError(error.code, clean.message, { ...error, details: clean.details });
  return { error: shown, next: clean.next };
}
