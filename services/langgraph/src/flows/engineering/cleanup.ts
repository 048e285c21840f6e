import { withPatience } from '../../engine/dispatch.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { DELETE_CANCEL_MS, deletionFailure, dispatchDelete } from './delete-worker.js';
import type { EngineeringStep } from './state.js';

/** A finished task does not wait longer than this for its workers' end; the commands stay in the queue. */
const CLEANUP_DEADLINE_MS = 60_000;

/** A cancelled task does not wait longer than this for a slow Redis. */
const PATIENCE_MS = 800;

/**
 * Has all workers of the task deleted at once, then waits for one's end after the other. A cancelled task waits for them a
 * moment only, whoever does not answer: where they are not proven gone, the next attempt has that done before it begins.
 */
export function cleanupStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'late',
    ask: async ({ input, workers, outcome }) => {
      const isCancelled = outcome?.status === 'cancelled';
      const deadlineMs = isCancelled ? DELETE_CANCEL_MS : CLEANUP_DEADLINE_MS;
      const patienceMs = isCancelled ? PATIENCE_MS / Math.max(1, workers.length) : undefined;
      let wait = '';
      let anyFirst = false;
      for (const worker of [...workers].reverse()) {
        const { id, first } = await dispatchDelete(deps, input, worker, { deadlineMs, patienceMs });
        wait = id;
        anyFirst ||= first;
      }
      if (anyFirst) {
        const telling = progress(deps, input, 'cleanup', 'clearing the workers away', { pct: 97 });
        await (isCancelled ? withPatience(telling, PATIENCE_MS, deps) : telling);
      }
      return workers.length > 0 ? { wait } : { next: 'finish' };
    },
    onAnswer: async (result, { input, workers }) => {
      const [gone, ...left] = workers;
      const failure = deletionFailure(result);
      if (failure !== undefined) {
        const about = { task_id: input.task_id, worker_id: gone, error: failure };
        deps.logger.warn(about, 'a worker may be left over');
      }
      return { workers: left, next: left.length > 0 ? 'cleanup' : 'finish' };
    },
  };
}
