import { FAILED_BY_ADMIN } from '@codegen/contracts';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { messageOf } from '@codegen/sdk/text';
import { send } from '../engine/dispatch.js';
import type { Endings } from '../engine/driver.js';
import { endTask, failed, reportEnd } from '../engine/outcome.js';
import type { ThreadInput } from '../engine/threads.js';
import { deleteCommand } from './engineering/delete-worker.js';
import type { FlowDeps } from './flow.js';

/** What is done with flows that cannot go on: their workers are deleted, nobody waits for it. */
export function makeEndings(deps: FlowDeps): Endings {
  const deleteWorkers = async (input: ThreadInput, values: Record<string, unknown>) => {
    const workers = (values.workers ?? []) as string[];
    await send(
      deps.redis,
      workers.map((workerId) => deleteCommand(input, workerId)),
    );
  };
  return {
    abandon: async ({ input }, values) => {
      await deleteWorkers(input, values);
      // Whoever ended it told the API alone; its callback stream is ours to tell.
      const task = await deps.api.tasks.get(input.task_id).catch((error: unknown) => {
        if (isOrchestratorError(error) && error.status === 404) return undefined;
        throw error;
      });
      if (task?.request_id !== input.request_id || task.reason !== FAILED_BY_ADMIN) return;
      await reportEnd(deps, input, failed(FAILED_BY_ADMIN, task.error ?? FAILED_BY_ADMIN));
    },
    giveUp: async ({ input }, values, error) => {
      await deleteWorkers(input, values);
      const text = messageOf(error);
      const epoch = (values.epoch as number | undefined) || input.epoch;
      await endTask(deps, input, epoch, failed('internal_error', `the orchestrator failed: ${text}`));
    },
  };
}

/** A worker that still answers for a flow that has ended may have been brought back by a Redis that lost its tail. */
export function deleteStray({ redis, logger }: Pick<FlowDeps, 'redis' | 'logger'>) {
  return async (input: ThreadInput, answer: object): Promise<void> => {
    const { worker_id } = answer as { worker_id?: string };
    if (worker_id === undefined) return;
    const { task_id } = input;
    logger.info({ task_id, worker_id }, 'an answer for a flow that has ended: its worker is deleted once more');
    await send(redis, [deleteCommand(input, worker_id)]);
  };
}
