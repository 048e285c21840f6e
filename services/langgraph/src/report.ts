import { type ProjectStatus, projectStatus } from '@codegen/contracts';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { reportProgress } from '@codegen/sdk/queue';
import { getConfig } from '@langchain/langgraph';
import type { FlowDeps, Outcome } from './flow.js';
import { reasonInWords } from './reason-words.js';
import type { ThreadInput } from './threads.js';

/** Where a task is; `watch` and `explain` show these. */
export type StepName =
  | 'claim'
  | 'scaffold'
  | 'develop'
  | 'test'
  | 'merge'
  | 'allocate'
  | 'deploy'
  | 'verify'
  | 'cleanup';

/** What a terminal event and a task's end are made from. */
export type Reported = Pick<ThreadInput, 'request_id' | 'task_id' | 'callback_stream'>;

/** Tells how far a task is, once: a node that runs again, its driver having died before the checkpoint, says the same. */
export async function progress(
  deps: Pick<FlowDeps, 'redis'>,
  input: Reported,
  step: StepName,
  message: string,
  more: { pct?: number; error?: string | null; errorType?: string | null; type?: 'started' | 'progress' } = {},
): Promise<void> {
  const event = {
    type: more.type ?? ('progress' as const),
    request_id: input.request_id,
    task_id: input.task_id,
    callback_stream: input.callback_stream,
    current_step: step,
    message,
    progress_pct: more.pct ?? null,
    error: more.error ?? null,
    error_type: more.errorType ?? null,
  };
  await reportProgress(deps.redis, event, { once: `${input.request_id}/${superstep()}/${step}/${message}` });
}

/** Number of the step that the graph is at: the same in each run from the same checkpoint, another one in each round. */
function superstep(): number {
  return getConfig().metadata?.langgraph_step as number;
}

/** Says that a task has ended. Said once more after a crash, the API keeps the first. */
export async function reportEnd(deps: Pick<FlowDeps, 'redis'>, input: Reported, outcome: Outcome): Promise<void> {
  const done = outcome.status === 'completed';
  await reportProgress(deps.redis, {
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

/** One short line; the error itself has its own field, and may be a log. */
function endMessage({ status, reason, error }: Outcome): string | null {
  if (status === 'completed') return 'done';
  return status === 'failed' ? `failed: ${reasonInWords(reason ?? 'internal_error')}` : error;
}

/** Ends the task, then says so: dying in between, the next driver does both again. */
export async function endTask(
  deps: Pick<FlowDeps, 'api' | 'redis' | 'logger'>,
  input: Reported,
  epoch: number,
  outcome: Outcome,
  signal?: AbortSignal,
): Promise<void> {
  const { status, reason, error, result } = outcome;
  await deps.api.tasks.transition(input.task_id, { epoch, status, reason, error, result }, { signal });
  await reportEnd(deps, input, outcome);
  sayEnded(deps, input, outcome);
}

/** The line of the log at the end of a task. */
export function sayEnded(
  { logger }: Pick<FlowDeps, 'logger'>,
  { task_id }: Pick<Reported, 'task_id'>,
  { status, reason }: Outcome,
): void {
  logger.info({ task_id, status, reason }, 'task ended');
}

const notArchived = projectStatus.exclude(['archived']).options;

/** Notes what a project is going through; an archived one stays archived. */
export async function setProjectStatus(
  deps: Pick<FlowDeps, 'api'>,
  projectId: string,
  status: ProjectStatus,
  { from = notArchived, signal }: { from?: ProjectStatus[]; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  try {
    await deps.api.projects.report(projectId, { status, from }, { signal });
  } catch (error) {
    if (!isOrchestratorError(error) || (error.code !== 'CONFLICT' && error.code !== 'PROJECT_ARCHIVED')) throw error;
  }
}
