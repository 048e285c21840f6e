import { awaitResult } from '../dispatch.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { dispatchDelete } from './delete-worker.js';
import type { EngineeringNode } from './state.js';

/** A finished task does not wait longer than this for its workers' end; the commands stay in the queue. */
const CLEANUP_DEADLINE_MS = 60_000;

/** Has all workers of the task deleted at once. A cancelled task ends only when they are gone. */
export function cleanupStep(deps: FlowDeps): EngineeringNode {
  return async ({ input, workers, outcome }) => {
    const deadline = outcome?.status === 'cancelled' ? {} : { deadlineMs: CLEANUP_DEADLINE_MS };
    let wait = '';
    let anyFirst = false;
    for (const worker of [...workers].reverse()) {
      const { id, first } = await dispatchDelete(deps, input, worker, deadline);
      wait = id;
      anyFirst ||= first;
    }
    if (anyFirst) await progress(deps, input, 'cleanup', 'clearing the workers away', { pct: 97 });
    return { wait, next: workers.length > 0 ? 'await_cleanup' : 'finish' };
  };
}

/** Waits for one worker's end after the other. */
export function awaitCleanup(deps: FlowDeps): EngineeringNode {
  return async ({ input, wait, workers }) => {
    const result = awaitResult(wait);
    const [gone, ...left] = workers;
    const failure = result.kind === 'answer' ? (result.message as { error?: string | null }).error : result.kind;
    if (failure) {
      const about = { task_id: input.task_id, worker_id: gone, error: failure };
      deps.logger.warn(about, 'a worker may be left over');
    }
    const next = left[0];
    if (next === undefined) return { workers: [], next: 'finish' };
    const { id } = await dispatchDelete(deps, input, next);
    return { workers: left, wait: id, next: 'await_cleanup' };
  };
}
