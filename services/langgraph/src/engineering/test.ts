import { createWorkerCommand, workerCommands, workerIdFor, workerInputs, workerResultKey } from '@codegen/contracts';
import { awaitResult, dispatch, outgoing } from '../dispatch.js';
import { cancelled, type FlowDeps, failed } from '../flow.js';
import { again, parkedAt } from '../park.js';
import { progress, setProjectStatus } from '../report.js';
import { requestId } from '../request-id.js';
import { startOf, TURN_GRACE_MS } from './develop.js';
import { at, type EngineeringNode, type EngineeringState, end } from './state.js';
import { afterFault, nextRound, replaceLost, turnOutcome } from './turn.js';

/**
 * A round's tester, with the request that creates it. A lost tester's successor is told apart by the losses so far; one that
 * was there when the system was at fault is asked again.
 */
function testerOf(state: EngineeringState): { createId: string; workerId: string; isThere: boolean } {
  const { input, epoch, round, losses, parks } = state;
  const createId = requestId(input.request_id, 'create-tester', epoch, round, losses, ...again(parks));
  const known = parkedAt(state, at(state, 'test'))?.worker;
  return { createId, workerId: known ?? workerIdFor(createId), isThere: known != null };
}

/** Has the commit tested by a worker of its own, in a fresh clone. */
export function testStep(deps: FlowDeps): EngineeringNode {
  return async (state, { signal }) => {
    const { input, epoch, round, losses, commit, workers, parks } = state;
    if (!commit) throw new Error('there is no commit to test');
    const { agentConfig, turnTimeoutSeconds } = deps.settings.tester;
    const { createId, workerId, isThere } = testerOf(state);
    const id = requestId(input.request_id, 'test', epoch, round, losses, ...again(parks));
    const create = outgoing(
      workerCommands,
      createWorkerCommand.parse({
        request_id: createId,
        correlation_id: input.correlation_id,
        config: {
          name: `tester of ${commit.sha.slice(0, 12)}`,
          agent: 'custom',
          agent_config: agentConfig,
          worker_type: 'developer',
          capabilities: ['git', 'node'],
          env_vars: {},
          repo: { repo_full_name: `local/${input.project_id}`, ref: commit.sha, read_only: true },
        },
        context: { task_id: input.task_id, project_id: input.project_id, epoch: String(epoch) },
      }),
    );
    const turn = outgoing(
      workerInputs,
      {
        request_id: id,
        correlation_id: input.correlation_id,
        prompt: "Run the project's tests.",
        timeout: turnTimeoutSeconds,
        task_id: input.task_id,
        project_id: input.project_id,
        user_id: input.user_id,
        epoch,
        callback_stream: input.callback_stream,
      },
      { type: 'developer', worker_id: workerId },
    );
    await setProjectStatus(deps, input.project_id, 'testing', { signal });
    const first = await dispatch(deps, input.request_id, {
      requestId: id,
      step: 'test',
      messages: isThere ? [turn] : [create, turn],
      responseKey: workerResultKey(workerId, id),
      silence: `the worker-manager and the tester ${workerId} did not answer the turn`,
      deadlineMs: turnTimeoutSeconds * 1000 + TURN_GRACE_MS,
      cancelAfterMs: 0,
      worker: isThere ? undefined : startOf(deps, `the tester ${workerId}`, createId),
    });
    if (first && !parkedAt(state, at(state, 'test'))) {
      const message = `round ${round}: testing commit ${commit.sha.slice(0, 12)}`;
      await progress(deps, input, 'test', message, { pct: 25 + 25 * (round - 1) });
    }
    return { wait: id, workers: workers.includes(workerId) ? workers : [...workers, workerId] };
  };
}

/** Reads the tests' verdict: merge, another round with their output, or another tester. */
export function awaitTest(deps: FlowDeps): EngineeringNode {
  return async (state) => {
    const outcome = turnOutcome(awaitResult(state.wait));
    if (outcome.kind === 'cancelled') return end(cancelled);
    if (outcome.kind === 'done') {
      await progress(deps, state.input, 'test', `round ${state.round}: the tests pass`, { pct: 85 });
      return { next: 'merge' };
    }
    const { workerId } = testerOf(state);
    if (outcome.kind === 'fault') {
      const workers = state.workers.filter((id) => !outcome.isGone || id !== workerId);
      return { ...(await afterFault(deps, state, 'test', outcome, outcome.isGone ? null : workerId)), workers };
    }
    const { reason, text } = outcome;
    // The first line of what failing tests say names them.
    const how = reason === 'tests_failed' ? firstLine(text) : `the tests ended with ${reason}`;
    const message = `round ${state.round}: ${how}`;
    await progress(deps, state.input, 'test', message, { error: text, errorType: reason });
    if (outcome.kind === 'hopeless') return end(failed(reason, text));
    if (outcome.kind === 'failure') return nextRound(state, reason, text);
    return replaceLost(state, { workerId, role: 'tester', reason, text });
  };
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0]?.trim() ?? '';
}
