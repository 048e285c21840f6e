import { type EventFacts, type ProjectStatus, projectStatus } from '@codegen/contracts';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { reportProgress } from '@codegen/sdk/queue';
import { getConfig } from '@langchain/langgraph';
import type { Reported } from '../engine/outcome.js';
import type { FlowDeps } from './flow.js';

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

/** What an event says beside its message, and the facts in it. */
export interface ProgressDetails extends EventFacts {
  pct?: number;
  error?: string | null;
  errorType?: string | null;
  type?: 'started' | 'progress';
}

/** Tells how far a task is, once: a node that runs again, its driver having died before the checkpoint, says the same. */
export async function progress(
  deps: Pick<FlowDeps, 'redis'>,
  input: Reported,
  step: StepName,
  message: string,
  more: ProgressDetails = {},
): Promise<void> {
  const { type = 'progress', pct = null, error = null, errorType = null, ...facts } = more;
  const event = {
    ...facts,
    type,
    request_id: input.request_id,
    task_id: input.task_id,
    callback_stream: input.callback_stream,
    current_step: step,
    message,
    progress_pct: pct,
    error,
    error_type: errorType,
  };
  await reportProgress(deps.redis, event, { once: `${input.request_id}/${superstep()}/${step}/${message}` });
}

/** Number of the step that the graph is at: the same in each run from the same checkpoint, another one in each round. */
function superstep(): number {
  return getConfig().metadata?.langgraph_step as number;
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
