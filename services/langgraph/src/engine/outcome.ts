import type { Api } from '@codegen/sdk/api';
import { type Logger, type Redis, reportProgress } from '@codegen/sdk/queue';
import { reasonInWords } from './reason-words.js';
import type { ThreadInput } from './threads.js';

/** How a task ends. */
export interface Outcome {
  status: 'completed' | 'failed' | 'cancelled';
  reason: string | null;
  error: string | null;
  result: Record<string, unknown> | null;
}

/** An outcome for a task that was asked to stop. */
export const cancelled: Outcome = {
  status: 'cancelled',
  reason: 'cancelled',
  error: 'cancelled on request',
  result: null,
};

/** An outcome for a task that cannot be done. */
export function failed(reason: string, error: string): Outcome {
  return { status: 'failed', reason, error, result: null };
}

/** What a terminal event and a task's end are made from. */
export type Reported = Pick<ThreadInput, 'request_id' | 'task_id' | 'callback_stream'>;

/** Says that a task has ended. Said once more after a crash, the API keeps the first. */
export async function reportEnd({ redis }: { redis: Redis }, input: Reported, outcome: Outcome): Promise<void> {
  const done = outcome.status === 'completed';
  await reportProgress(redis, {
    type: done ? 'completed' : 'failed',
    request_id: input.request_id,
    task_id: input.task_id,
    callback_stream: input.callback_stream,
    message: endMessage(outcome),
    progress_pct: done ? 100 : null,
    error: done ? null : outcome.error,
    error_type: done ? null : (outcome.reason ?? outcome.status),
  });
}

/** One short line; the error has its own field, and may be a log. Of a request to cancel it says all. */
function endMessage({ status, reason }: Outcome): string | null {
  if (status === 'completed') return 'done';
  return status === 'failed' ? reasonInWords(reason ?? 'internal_error') : null;
}

/** Ends the task, then says so: dying in between, the next driver does both again. */
export async function endTask(
  deps: { api: Api; redis: Redis; logger: Logger },
  input: Reported,
  epoch: number,
  outcome: Outcome,
  signal?: AbortSignal,
): Promise<void> {
  const { status, reason, error, result } = outcome;
  await deps.api.tasks.transition(input.task_id, { epoch, status, reason, error, result }, { signal });
  await reportEnd(deps, input, outcome);
  logEnd(deps, input, outcome);
}

/** The line of the log at the end of a task. */
export function logEnd(
  { logger }: { logger: Logger },
  { task_id }: Pick<Reported, 'task_id'>,
  { status, reason }: Outcome,
): void {
  logger.info({ task_id, status, reason }, 'task ended');
}
