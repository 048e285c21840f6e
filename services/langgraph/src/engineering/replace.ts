import { awaitResult } from '../dispatch.js';
import { cancelled, type FlowDeps, failed } from '../flow.js';
import { progress } from '../report.js';
import { requestId } from '../request-id.js';
import { deletionFailure, dispatchDelete } from './delete-worker.js';
import { type EngineeringNode, end } from './state.js';

/** Has a worker that is not to be relied on deleted: two of them must never work at once. */
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
    if (result.kind === 'cancelled') return end(cancelled);
    const why = deletionFailure(result);
    if (!doomed || why !== undefined) {
      return end(failed('worker_not_deleted', `a worker could not be deleted, so no other may start: ${why}`));
    }
    const left = workers.filter((id) => id !== doomed.id);
    if (doomed.role === 'former') return { workers: left, doomed: null, next: 'begin' };
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
