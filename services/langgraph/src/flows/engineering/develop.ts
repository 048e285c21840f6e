import { type DeveloperWorkerOutput, workerIdFor } from '@codegen/contracts';
import { failed } from '../../engine/outcome.js';
import { reasonInWords } from '../../engine/reason-words.js';
import { requestIdAt } from '../ask.js';
import type { FlowDeps } from '../flow.js';
import { progress, setProjectStatus } from '../report.js';
import { repositoryOf } from '../repository.js';
import { developerPrompt } from './prompt.js';
import { type EngineeringState, type EngineeringStep, end, MAX_ROUNDS, visit } from './state.js';
import { afterFault, askTurn, nextRound, replaceLost, turnOutcome } from './turn.js';

/** Gives the developer a turn, and reads what it left: a commit to test, a failure for the next round, or a lost worker. */
export function developStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'early',
    ask: async (state, { signal }) => {
      const { input, epoch, round, developer, failure } = state;
      const { agent, agentConfig, turnTimeoutSeconds } = deps.settings.developer;
      const [task, project] = await Promise.all([
        deps.api.tasks.get(input.task_id, { signal }),
        deps.api.projects.get(input.project_id, { signal }),
      ]);
      if (project.main_sha === null) throw new Error(`project ${project.id} has no main branch to develop from`);
      const { full_name, clone_url } = repositoryOf(project);
      const here = visit(state, 'develop');
      const createId = requestIdAt(state, ['create-developer', epoch]);
      const workerId = developer ?? workerIdFor(createId);
      await setProjectStatus(deps, project.id, 'developing', { signal });
      const attempt = { worker_id: workerId, request_id: requestIdAt(state, here) };
      await deps.api.tasks.reportAttempt(input.task_id, epoch, attempt, { signal });
      const asked = await askTurn(
        deps,
        state,
        here,
        {
          role: 'developer',
          workerId,
          createId: developer === null ? createId : null,
          config: {
            name: `developer of ${project.name}`,
            agent,
            ...(agentConfig !== undefined && { agent_config: agentConfig }),
            repo: { repo_full_name: full_name, clone_url, ref: 'main', read_only: false },
          },
          prompt: developerPrompt({ spec: task.spec ?? '', failure }),
          timeoutSeconds: turnTimeoutSeconds,
        },
        { message: `round ${round} of ${MAX_ROUNDS}: the developer starts`, pct: 10 + 25 * (round - 1), round },
      );
      return { ...asked, developer: workerId, base_sha: project.main_sha };
    },
    onAnswer: async (result, state, { signal }) => {
      const outcome = turnOutcome(result);
      const { output } = outcome;
      if (output) await reportTurn(deps, state, output, signal);
      if (outcome.kind === 'fault') {
        const worker = outcome.isGone ? null : state.developer;
        const workers = state.workers.filter((id) => worker !== null || id !== state.developer);
        return { ...(await afterFault(deps, state, 'develop', outcome, worker)), developer: worker, workers };
      }
      const files = [...new Set([...state.files, ...(output?.files_changed ?? [])])];
      if (outcome.kind === 'done' && output?.commit_sha && output.branch) {
        const { commit_sha, branch, files_changed } = output;
        const count = files_changed?.length ?? 0;
        const message = `round ${state.round}: ${count} ${count === 1 ? 'file' : 'files'} changed, commit ${commit_sha.slice(0, 12)}`;
        await progress(deps, state.input, 'develop', message, {
          pct: 20 + 25 * (state.round - 1),
          round: state.round,
          commit_sha,
        });
        return { commit: { sha: commit_sha, branch }, files, next: 'test' };
      }
      const bad = outcome.kind === 'done' ? nothingPushed : outcome;
      const { reason, text } = bad;
      const message = `round ${state.round}: ${reasonInWords(reason)}`;
      await progress(deps, state.input, 'develop', message, { error: text, errorType: reason, round: state.round });
      if (bad.kind === 'hopeless') return end(failed(reason, text));
      if (bad.kind === 'failure') return { files, ...nextRound(state, reason, text) };
      return replaceLost(state, { workerId: state.developer ?? '', role: 'developer', reason, text });
    },
  };
}

const nothingPushed = {
  kind: 'failure',
  reason: 'no_changes',
  text: 'the turn succeeded, but nothing was committed and pushed',
} as const;

async function reportTurn(
  deps: FlowDeps,
  { input, epoch }: EngineeringState,
  output: DeveloperWorkerOutput,
  signal?: AbortSignal,
): Promise<void> {
  const { worker_id, exit_code, usage, ...result } = output;
  const finished_at = new Date(await deps.nowMs()).toISOString();
  const report = { worker_id, exit_code, usage, result, finished_at };
  await deps.api.tasks.reportAttempt(input.task_id, epoch, report, { signal });
}
