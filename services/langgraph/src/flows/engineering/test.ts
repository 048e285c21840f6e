import { workerIdFor } from '@codegen/contracts';
import { failed } from '../../engine/outcome.js';
import { parkedAt, requestIdAt } from '../ask.js';
import type { FlowDeps } from '../flow.js';
import { progress, setProjectStatus } from '../report.js';
import { repositoryOf } from '../repository.js';
import { type EngineeringState, type EngineeringStep, end, visit } from './state.js';
import { afterFault, askTurn, nextRound, replaceLost, turnOutcome } from './turn.js';

/**
 * A round's tester, with the request that creates it. A lost tester's successor is told apart by the losses so far; one that
 * was there when the system was at fault is asked again.
 */
function testerOf(state: EngineeringState): { workerId: string; createId: string | null } {
  const { epoch, round, losses } = state;
  const known = parkedAt(state, visit(state, 'test'))?.worker;
  if (known != null) return { workerId: known, createId: null };
  const createId = requestIdAt(state, ['create-tester', epoch, round, losses]);
  return { workerId: workerIdFor(createId), createId };
}

/** Has the commit tested by a worker of its own, in a fresh clone: merge, another round with what failed, or another tester. */
export function testStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'early',
    ask: async (state, { signal }) => {
      const { input, round, commit } = state;
      if (!commit) throw new Error('there is no commit to test');
      const { agentConfig, turnTimeoutSeconds } = deps.settings.tester;
      const { full_name, clone_url } = repositoryOf(await deps.api.projects.get(input.project_id, { signal }));
      const name = commit.sha.slice(0, 12);
      await setProjectStatus(deps, input.project_id, 'testing', { signal });
      return askTurn(
        deps,
        state,
        visit(state, 'test'),
        {
          role: 'tester',
          ...testerOf(state),
          config: {
            name: `tester of ${name}`,
            agent: 'custom',
            agent_config: agentConfig,
            repo: { repo_full_name: full_name, clone_url, ref: commit.sha, read_only: true },
          },
          prompt: "Run the project's tests.",
          timeoutSeconds: turnTimeoutSeconds,
        },
        {
          message: `round ${round}: testing commit ${name}`,
          pct: 25 + 25 * (round - 1),
          round,
          commit_sha: commit.sha,
        },
      );
    },
    onAnswer: async (result, state) => {
      const outcome = turnOutcome(result);
      if (outcome.kind === 'done') {
        // A project may have none: its tester says so.
        const how = firstLine(outcome.output.summary ?? '') || 'the tests pass';
        await progress(deps, state.input, 'test', `round ${state.round}: ${how}`, { pct: 85, round: state.round });
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
      await progress(deps, state.input, 'test', message, { error: text, errorType: reason, round: state.round });
      if (outcome.kind === 'hopeless') return end(failed(reason, text));
      if (outcome.kind === 'failure') return nextRound(state, reason, text);
      return replaceLost(state, { workerId, role: 'tester', reason, text });
    },
  };
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0]?.trim() ?? '';
}
