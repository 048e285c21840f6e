import { failed } from '../../engine/outcome.js';
import { requestId } from '../../engine/request-id.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { deletionFailure, dispatchDelete } from './delete-worker.js';
import { type EngineeringStep, end } from './state.js';

/**
 * Has a worker that is not to be relied on deleted: two of them must never work at once. Once it is proven gone, its work
 * is fenced off with a new epoch, and another begins.
 */
export function replaceStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'early',
    ask: async ({ input, doomed }) => {
      if (!doomed) throw new Error('there is no worker to replace');
      const { id, first } = await dispatchDelete(deps, input, doomed.id);
      if (first) await progress(deps, input, 'cleanup', `deleting ${doomed.id} before another takes its place`);
      return { wait: id };
    },
    onAnswer: async (result, { input, doomed, epoch, workers }, { signal }) => {
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
      await progress(deps, input, 'develop', `a new attempt begins (epoch ${raised.epoch})`, {
        epoch: raised.epoch,
      });
      return {
        workers: left,
        doomed: null,
        developer: null,
        commit: null,
        files: [],
        epoch: raised.epoch,
        next: 'develop',
      };
    },
  };
}
