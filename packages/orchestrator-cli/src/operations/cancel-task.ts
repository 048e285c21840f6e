import type { Task } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import { parseDuration } from '../input/duration.js';
import { withNext } from '../kit/errors.js';
import { NO_LIMIT } from '../kit/field.js';
import type { Runtime } from '../kit/runtime.js';
import { followToEnd, withoutSpec } from './follow-to-end.js';

export interface CancelFlags {
  wait?: string | undefined;
  quiet?: boolean | undefined;
  idempotencyKey: string;
}

/** Milliseconds, tries again included, until whoever wants a task to stop is told that the API does not answer. */
const PATIENCE_MS = 6000;

/**
 * Asks for a task's end and, with `wait`, follows it there.
 * @throws OrchestratorError TASK_ENDED where it ended before it could be cancelled; TIMEOUT where the API does not answer
 */
export async function cancelTask(
  client: Orchestrator,
  id: string,
  runtime: Runtime,
  { wait, quiet, idempotencyKey }: CancelFlags,
): Promise<Task> {
  const timeoutMs = wait === undefined || wait === NO_LIMIT ? undefined : parseDuration(wait, '--wait');
  const inspect = { command: paste`orchestrator task get ${id}`, when: 'to see how it ended' };
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(unanswered()), PATIENCE_MS);
  const call = { signal: AbortSignal.any([runtime.signal, limit.signal]), idempotencyKey };
  const task = await client.tasks
    .cancel(id, call)
    .catch((error: unknown) => {
      throw isOrchestratorError(error) && error.code === 'TASK_ENDED' ? withNext(error, [inspect]) : error;
    })
    .finally(() => clearTimeout(timer));
  runtime.meta.correlation_id = task.correlation_id;
  if (wait === undefined || task.status === 'cancelled') return withoutSpec(task);
  const handle = await client.tasks.handle(id, { signal: runtime.signal });
  try {
    const { status } = await followToEnd(client, handle, runtime, { timeoutMs, quiet });
    throw tooLate(id, status, inspect);
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    if (error.code === 'TASK_CANCELLED') return error.details as Task;
    throw error.code === 'TASK_FAILED' ? tooLate(id, 'failed', inspect) : error;
  }
}

function tooLate(id: string, status: string, next: { command: string; when: string }): OrchestratorError {
  return new OrchestratorError('TASK_ENDED', `${id} ${status} before it could be cancelled`, { next: [next] });
}

function unanswered(): OrchestratorError {
  return new OrchestratorError('TIMEOUT', `the API did not answer within ${PATIENCE_MS / 1000} s: the task may go on`);
}
