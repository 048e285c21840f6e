import { type RepositoryResult, repositoryQueue } from '@codegen/contracts';
import { outgoing } from '../../engine/dispatch.js';
import { cancelled, failed } from '../../engine/outcome.js';
import { ask, requestIdAt } from '../ask.js';
import { cancelRequested, type FlowDeps } from '../flow.js';
import { park } from '../park.js';
import { progress } from '../report.js';
import { type EngineeringState, type EngineeringStep, end, visit } from './state.js';
import { nextRound } from './turn.js';

/** Milliseconds that a merge under way may still be answered after a request to cancel: it is mostly done by then. */
const MERGE_CANCEL_MS = 2000;

/**
 * Asks the repository's owner to move main to the tested commit, from where the developer started. It is done in a
 * moment, so a request to cancel waits for the answer, but not long: once the task has ended, the merge is refused.
 */
export function mergeStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'late',
    ask: async (state) => {
      const { input, epoch, commit, base_sha } = state;
      if (!commit || base_sha === null) throw new Error('there is no tested commit to merge');
      const here = visit(state, 'merge');
      const message = outgoing(repositoryQueue, {
        request_id: requestIdAt(state, here),
        correlation_id: input.correlation_id,
        callback_stream: input.callback_stream,
        project_id: input.project_id,
        task_id: input.task_id,
        epoch,
        operation: 'merge',
        branch: commit.branch,
        commit_sha: commit.sha,
        expected_main_sha: base_sha,
      });
      const wait = {
        messages: [message],
        silence: 'the scaffolder did not say whether main was moved',
        deadlineMs: deps.settings.limits.repositoryMs,
        cancelAfterMs: MERGE_CANCEL_MS,
      };
      return ask(deps, state, here, wait, {
        message: 'merging the tested commit into main',
        pct: 90,
        commit_sha: commit.sha,
      });
    },
    onAnswer: async (result, state, { signal }) => {
      const { input, commit } = state;
      if (result.kind === 'failed') {
        const { reason, error } = result;
        await progress(deps, input, 'merge', 'it is not known whether main was moved', { error, errorType: reason });
        return end(failed(reason, error));
      }
      if (result.kind !== 'answer') return end(cancelled);
      const answer = result.message as RepositoryResult;
      const unwanted = await cancelRequested(deps, input, signal);
      if (answer.status === 'success' || answer.main_sha === commit?.sha) {
        const sha = answer.main_sha ?? commit?.sha ?? null;
        const late = unwanted ? '; the request to cancel came too late' : '';
        await progress(deps, input, 'merge', `main is at ${sha?.slice(0, 12)}${late}`, { pct: 95, commit_sha: sha });
        return end({ status: 'completed', reason: null, error: null, result: { commit_sha: sha } });
      }
      if (answer.system_fault && !unwanted) return park(deps, state, visit(state, 'merge'), answer.system_fault, end);
      const reason = answer.reason ?? 'merge_failed';
      const text = answer.error ?? reason;
      await progress(deps, input, 'merge', 'main was not moved', { error: text, errorType: reason });
      if (unwanted) return end(cancelled);
      return afterRefusal(state, reason, text);
    },
  };
}

/** What a developer's next turn may mend: it begins with main as it is then. */
const MENDABLE = new Set(['main_moved', 'not_a_fast_forward', 'invalid_manifest']);

function afterRefusal(state: EngineeringState, reason: string, text: string): Partial<EngineeringState> {
  return MENDABLE.has(reason) ? nextRound(state, reason, text) : end(failed(reason, text));
}
