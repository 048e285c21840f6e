import { engineeringResult, type ProjectStatus } from '@codegen/contracts';
import { endTask, failed } from '../../engine/outcome.js';
import type { FlowDeps } from '../flow.js';
import { setProjectStatus } from '../report.js';
import type { EngineeringState, EngineeringStep } from './state.js';

/** Ends the task: the project's status, the task's, then the event that says so. Each may be done twice. */
export function finishStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'late',
    run: async (state, { signal }) => {
      const { input, epoch, started_ms, commit, files } = state;
      const outcome = state.outcome ?? failed('internal_error', 'the task ended without an outcome');
      const completed = outcome.status === 'completed';
      const result = engineeringResult.parse({
        request_id: input.request_id,
        status: completed ? 'success' : 'failed',
        error: outcome.error,
        duration_ms: Math.max(0, (await deps.nowMs()) - started_ms),
        files_changed: commit ? files : null,
        commit_sha: (outcome.result?.commit_sha as string | undefined) ?? commit?.sha ?? null,
        branch: commit?.branch ?? null,
      });
      const status = restingStatus(state, outcome.status);
      if (status) {
        await setProjectStatus(deps, input.project_id, status, {
          // While scaffolding, the status is the scaffolder's to write.
          from: ['developing', 'testing'],
          signal,
        });
      }
      await endTask(deps, input, epoch, { ...outcome, result }, signal);
      return {};
    },
  };
}

/** What the project is after the task; undefined where the flow ended before it began, and changed nothing. */
function restingStatus(
  { previous_status }: EngineeringState,
  ended: 'completed' | 'failed' | 'cancelled',
): ProjectStatus | undefined {
  // What ran at its URL before still does.
  if (previous_status === 'active') return 'active';
  if (ended === 'failed') return 'failed';
  if (ended === 'completed') return 'built';
  return previous_status === 'draft' ? 'scaffolded' : (previous_status as ProjectStatus) || undefined;
}
