import type { Api } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';
import type { Driver } from './driver.js';
import type { ThreadInput } from './threads.js';
import type { Waits } from './waits.js';

/**
 * Asks the API how the task of a flow is, and ends the waits that this ends: by a request to cancel, by the end or another
 * start that somebody else made, by what the task waited for being there.
 */
export async function lookAtTask(
  { api, waits, driver }: { api: Api; waits: Waits; driver: Driver },
  { request_id, task_id }: Pick<ThreadInput, 'request_id' | 'task_id'>,
  signal: AbortSignal,
): Promise<void> {
  // Of a wait that is written meanwhile the answer knows nothing.
  const conditions = await waits.conditionsOf(request_id);
  const task = await api.tasks.get(task_id, { signal }).catch((error: unknown) => {
    if (isOrchestratorError(error) && error.status === 404) return undefined;
    throw error;
  });
  if (task?.request_id !== request_id || task.status !== 'running') await waits.supersede(request_id);
  else if (task.cancel_requested) await waits.cancel([request_id]);
  else if (task.waits_for === null) await waits.fulfil(conditions);
  driver.nudge(request_id);
}
