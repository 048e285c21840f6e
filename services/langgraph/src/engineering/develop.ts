import {
  createWorkerCommand,
  type DeveloperWorkerOutput,
  workerCommands,
  workerIdFor,
  workerInputs,
  workerResultKey,
} from '@codegen/contracts';
import { awaitResult, dispatch, outgoing } from '../dispatch.js';
import { cancelled, type FlowDeps, failed } from '../flow.js';
import { again, parkedAt } from '../park.js';
import { progress, setProjectStatus } from '../report.js';
import { requestId } from '../request-id.js';
import { developerPrompt } from './prompt.js';
import { at, type EngineeringNode, type EngineeringState, end, MAX_ROUNDS } from './state.js';
import { afterFault, nextRound, replaceLost, turnOutcome } from './turn.js';

/** An answer may come this much later than the turn's own limit. */
export const TURN_GRACE_MS = 60_000;

/** How long a turn may wait for its worker to start, told apart from the turn itself. */
export function startOf({ settings }: FlowDeps, who: string, requestId: string) {
  const silence = `the worker-manager did not start ${who}`;
  return { requestId, silence, deadlineMs: settings.limits.workerMs };
}

/** Gives the developer a turn; the first one goes out together with the command that creates its worker. */
export function developStep(deps: FlowDeps): EngineeringNode {
  return async (state, { signal }) => {
    const { input, epoch, round, developer, failure, workers, parks } = state;
    const { turnTimeoutSeconds } = deps.settings.developer;
    const [task, project] = await Promise.all([
      deps.api.tasks.get(input.task_id, { signal }),
      deps.api.projects.get(input.project_id, { signal }),
    ]);
    if (project.main_sha === null) throw new Error(`project ${project.id} has no main branch to develop from`);
    const createId = requestId(input.request_id, 'create-developer', epoch, ...again(parks));
    const workerId = developer ?? workerIdFor(createId);
    const id = requestId(input.request_id, 'develop', epoch, round, ...again(parks));
    const turn = outgoing(
      workerInputs,
      {
        request_id: id,
        correlation_id: input.correlation_id,
        prompt: developerPrompt({ spec: task.spec ?? '', failure }),
        timeout: turnTimeoutSeconds,
        task_id: input.task_id,
        project_id: input.project_id,
        user_id: input.user_id,
        epoch,
        callback_stream: input.callback_stream,
      },
      { type: 'developer', worker_id: workerId },
    );
    const create = () =>
      outgoing(
        workerCommands,
        createWorkerCommand.parse({
          request_id: createId,
          correlation_id: input.correlation_id,
          config: {
            name: `developer of ${project.name}`,
            agent: deps.settings.developer.agent,
            ...(deps.settings.developer.agentConfig !== undefined && {
              agent_config: deps.settings.developer.agentConfig,
            }),
            worker_type: 'developer',
            capabilities: ['git', 'node'],
            env_vars: {},
            repo: { repo_full_name: `local/${project.id}`, ref: 'main' },
          },
          context: { task_id: input.task_id, project_id: input.project_id, epoch: String(epoch) },
        }),
      );
    await setProjectStatus(deps, project.id, 'developing', { signal });
    await deps.api.tasks.reportAttempt(input.task_id, epoch, { worker_id: workerId, request_id: id }, { signal });
    const first = await dispatch(deps, input.request_id, {
      requestId: id,
      step: 'develop',
      messages: developer === null ? [create(), turn] : [turn],
      responseKey: workerResultKey(workerId, id),
      silence: `the worker-manager and the developer ${workerId} did not answer the turn`,
      deadlineMs: turnTimeoutSeconds * 1000 + TURN_GRACE_MS,
      cancelAfterMs: 0,
      worker: developer === null ? startOf(deps, `the developer ${workerId}`, createId) : undefined,
    });
    if (first && !parkedAt(state, at(state, 'develop'))) {
      const message = `round ${round} of ${MAX_ROUNDS}: the developer starts`;
      await progress(deps, input, 'develop', message, { pct: 10 + 25 * (round - 1) });
    }
    return {
      wait: id,
      developer: workerId,
      base_sha: project.main_sha,
      workers: workers.includes(workerId) ? workers : [...workers, workerId],
    };
  };
}

/** Reads what the developer left: a commit to test, a failure for the next round, or a lost worker. */
export function awaitDevelop(deps: FlowDeps): EngineeringNode {
  return async (state, { signal }) => {
    const outcome = turnOutcome(awaitResult(state.wait));
    if (outcome.kind === 'cancelled') return end(cancelled);
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
      await progress(deps, state.input, 'develop', message, { pct: 20 + 25 * (state.round - 1) });
      return { commit: { sha: commit_sha, branch }, files, next: 'test' };
    }
    const bad = outcome.kind === 'done' ? nothingPushed : outcome;
    const { reason, text } = bad;
    const message = `round ${state.round}: the developer's turn ended with ${reason}`;
    await progress(deps, state.input, 'develop', message, { error: text, errorType: reason });
    if (bad.kind === 'hopeless') return end(failed(reason, text));
    if (bad.kind === 'failure') return { files, ...nextRound(state, reason, text) };
    return replaceLost(state, { workerId: state.developer ?? '', role: 'developer', reason, text });
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
