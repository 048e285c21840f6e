import type { WorkerResponse } from '@codegen/contracts';
import { awaitResult } from '../dispatch.js';
import { type FlowDeps, failed } from '../flow.js';
import { progress } from '../report.js';
import { requestId } from '../request-id.js';
import { dispatchDelete } from './delete-worker.js';
import { type EngineeringNode, end } from './state.js';

/** Has a worker that is not to be relied on deleted. It waits as long as it takes: two of them must never work at once. */
export function replaceStep(deps: FlowDeps): EngineeringNode {
  return async ({ input, doomed }) => {
    if (!doomed) throw new Error('there is no worker to replace');
    const { id, first } = await dispatchDelete(deps, input, doomed.id);
    if (first) await progress(deps, input, 'cleanup', `deleting ${doomed.id} before another takes its place`);
    return { wait: id };
  };
}

/** The old worker is proven gone: fences its work off with a new epoch, then lets another begin. */
export function awaitReplace(deps: FlowDeps): EngineeringNode {
  return async ({ input, wait, doomed, epoch, workers }, { signal }) => {
    const result = awaitResult(wait);
    const response = result.kind === 'answer' ? (result.message as WorkerResponse) : undefined;
    if (!doomed || !response?.success) {
      const why = response?.error ?? 'no answer';
      return end(failed('worker_not_deleted', `a worker could not be deleted, so no other may start: ${why}`));
    }
    const left = workers.filter((id) => id !== doomed.id);
    if (doomed.role === 'tester') return { workers: left, doomed: null, next: 'test' };
    const raised = await deps.api.tasks.nextAttempt(
      input.task_id,
      { epoch, request_id: requestId(input.request_id, 'attempt', epoch) },
      { signal },
    );
    await progress(deps, input, 'develop', `a new attempt begins (epoch ${raised.epoch})`);
    return {
      workers: left,
      doomed: null,
      developer: null,
      commit: null,
      files: [],
      epoch: raised.epoch,
      next: 'develop',
    };
  };
}
