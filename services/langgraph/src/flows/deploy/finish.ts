import { deployResult, type ProjectStatus } from '@codegen/contracts';
import { endTask, failed } from '../../engine/outcome.js';
import type { FlowDeps } from '../flow.js';
import { setProjectStatus } from '../report.js';
import type { DeployStep } from './state.js';

/** Ends the task: the project's status, the task's, then the event that says so. Each may be done twice. */
export function finishStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'late',
    run: async ({ input, epoch, started_ms, previous_status, ...state }, { signal }) => {
      const outcome = state.outcome ?? failed('internal_error', 'the task ended without an outcome');
      const completed = outcome.status === 'completed';
      const result = deployResult.parse({
        request_id: input.request_id,
        status: completed ? 'success' : 'failed',
        error: outcome.error,
        commit_sha: state.commit_sha,
        duration_ms: Math.max(0, (await deps.nowMs()) - started_ms),
        ...outcome.result,
      });
      // What ran before a deploy that failed goes on running.
      const wasActive = previous_status === 'active';
      const before = previous_status === 'deploying' ? 'built' : (previous_status as ProjectStatus | '');
      const status = completed || wasActive ? 'active' : outcome.status === 'failed' ? 'failed' : before;
      // A flow that ended before it began has changed nothing.
      if (status) await setProjectStatus(deps, input.project_id, status, { from: ['deploying'], signal });
      await endTask(deps, input, epoch, { ...outcome, result }, signal);
      return {};
    },
  };
}
