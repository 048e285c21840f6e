import { OrchestratorError } from '../errors.js';

/** @throws OrchestratorError VALIDATION_FAILED for what cannot be the id of a worker */
export function checkWorkerId(id: string): void {
  if (/^[\w.-]{1,160}$/.test(id)) return;
  throw new OrchestratorError('VALIDATION_FAILED', 'ids of workers look like w-0198…: letters, digits, ".", "_", "-"');
}
