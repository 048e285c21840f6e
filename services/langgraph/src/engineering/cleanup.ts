import { awaitResult, withPatience } from '../dispatch.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { DELETE_CANCEL_MS, deletionFailure, dispatchDelete } from './delete-worker.js';
import type { EngineeringNode } from './state.js';

/** A finished task does not wait longer than this for its workers' end; the commands stay in the queue. */
const CLEANUP_DEADLINE_MS = 60_000;

/** A cancelled task does not wait longer than this for a slow Redis. */
const PATIENCE_MS = 800;

/**
 * Has all workers of the task deleted at once. A cancelled task waits for them a moment only, whoever does not answer:
 * where they are not proven gone, the next attempt has that done before it begins.
 */
export function cleanupStep(deps: FlowDeps): EngineeringNode {
  return async ({ input, workers, outcome }) => {
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
    return { wait, next: workers.length > 0 ? 'await_cleanup' : 'finish' };
  };
}

/** Waits for one worker's end after the other. */
export function awaitCleanup(deps: FlowDeps): EngineeringNode {
  return async ({ input, wait, workers }) => {
    const result = awaitResult(wait);
    const [gone, ...left] = workers;
    const failure = deletionFailure(result);
    if (failure !== undefined) {
      const about = { task_id: input.task_id, worker_id: gone, error: failure };
      deps.logger.warn(about, 'a worker may be left over');
    }
    const next = left[0];
    if (next === undefined) return { workers: [], next: 'finish' };
    const { id } = await dispatchDelete(deps, input, next);
    return { workers: left, wait: id, next: 'await_cleanup' };
  };
}
