import { type DeployMessage, type EngineeringMessage, FAILED_BY_ADMIN } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';
import type { Logger, Redis } from '@codegen/sdk/queue';
import { untilBack } from './engine/backoff.js';
import type { Driver } from './engine/driver.js';
import { lookAtTask } from './engine/look-at-task.js';
import { cancelled, failed, logEnd, reportEnd } from './engine/outcome.js';
import type { ThreadKind, Threads } from './engine/threads.js';
import type { Waits } from './engine/waits.js';

const NOT_OURS = new Set(['NOT_CLAIMABLE', 'PROJECT_BUSY', 'TASK_ENDED', 'CONFLICT', 'TASK_NOT_FOUND', 'NOT_FOUND']);

/**
 * Handles a message that starts a task: claims it and makes sure that its thread exists, then the message is done with.
 * A message that comes again finds the thread, and has it look at what became of the task; one whose claim is refused is somebody else's, or too late.
 * With the API or the database away it waits: nothing is given up for that.
 */
export function handleTask(
  kind: ThreadKind,
  deps: { api: Api; redis: Redis; threads: Threads; waits: Waits; driver: Driver; logger: Logger },
) {
  const claim = async (message: EngineeringMessage | DeployMessage, signal: AbortSignal): Promise<void> => {
    const { request_id, task_id } = message;
    const hasEnded = await deps.threads.hasEnded(request_id);
    if (hasEnded) return;
    if (hasEnded === false) {
      await lookAtTask(deps, message, signal);
      return;
    }
    try {
      const claimed = await deps.api.tasks.claim(task_id, { request_id }, { signal });
      if (claimed.outcome === 'cancelled') {
        await reportEnd(deps, message, cancelled);
        logEnd(deps, message, cancelled);
        return;
      }
      const { correlation_id, callback_stream, project_id, user_id } = message;
      const { epoch } = claimed.task;
      await deps.threads.ensure(kind, {
        request_id,
        task_id,
        project_id,
        user_id,
        correlation_id,
        callback_stream,
        epoch,
      });
      deps.driver.nudge(request_id);
    } catch (error) {
      if (!isOrchestratorError(error) || !NOT_OURS.has(error.code)) throw error;
      deps.logger.debug({ task_id, code: error.code }, 'nothing to claim');
      await owedNotice(message, signal);
    }
  };

  /** Whoever cancelled the task at its claim may have died before saying so; an administrator tells the API alone. */
  const owedNotice = async (message: EngineeringMessage | DeployMessage, signal: AbortSignal): Promise<void> => {
    const task = await deps.api.tasks.get(message.task_id, { signal }).catch((error: unknown) => {
      if (isOrchestratorError(error) && error.status === 404) return undefined;
      throw error;
    });
    if (task?.request_id !== message.request_id) return;
    if (task.status === 'cancelled') await reportEnd(deps, message, cancelled);
    if (task.reason === FAILED_BY_ADMIN) await reportEnd(deps, message, failed(task.reason, task.error ?? task.reason));
  };

  return (message: EngineeringMessage | DeployMessage, { signal }: { signal: AbortSignal }): Promise<void> =>
    untilBack(() => claim(message, signal), signal);
}
