import { type ScaffolderResult, scaffolderQueue } from '@codegen/contracts';
import { outgoing } from '../../engine/dispatch.js';
import { failed } from '../../engine/outcome.js';
import { answerOf, ask, requestIdAt } from '../ask.js';
import type { FlowDeps } from '../flow.js';
import { park } from '../park.js';
import { progress, setProjectStatus } from '../report.js';
import { type EngineeringStep, end, visit } from './state.js';

/** Asks the scaffolder for the project's repository. */
export function scaffoldStep(deps: FlowDeps): EngineeringStep {
  return {
    kind: 'early',
    ask: async (state, { signal }) => {
      const { input } = state;
      const project = await deps.api.projects.get(input.project_id, { signal });
      await setProjectStatus(deps, project.id, 'scaffolding', {
        from: ['draft', 'scaffold_failed', 'failed', 'scaffolding'],
        signal,
      });
      const here = visit(state, 'scaffold');
      const message = outgoing(scaffolderQueue, {
        request_id: requestIdAt(state, here),
        correlation_id: input.correlation_id,
        callback_stream: input.callback_stream,
        project_id: project.id,
        repo_full_name: project.repository?.full_name ?? `${project.owner_id}/${project.id}`,
        project_name: project.name,
        modules: project.modules,
        task_id: input.task_id,
      });
      const wait = {
        messages: [message],
        silence: 'the scaffolder did not say whether the repository is there',
        deadlineMs: deps.settings.limits.repositoryMs,
        cancelAfterMs: 0,
      };
      return ask(deps, state, here, wait, { message: 'asking the scaffolder for a repository', pct: 5 });
    },
    onAnswer: async (result, state) => {
      const { input } = state;
      if (result.kind === 'failed') {
        const { reason, error } = result;
        await progress(deps, input, 'scaffold', 'scaffolding failed', { error, errorType: reason });
        return end(failed(reason, error));
      }
      const answer = answerOf(result) as ScaffolderResult;
      if (answer.status === 'success') {
        await progress(deps, input, 'scaffold', `repository scaffolded: ${answer.files_generated} files`, { pct: 10 });
        return { next: 'develop' };
      }
      if (answer.system_fault) return park(deps, state, visit(state, 'scaffold'), answer.system_fault, end);
      const error = answer.error ?? 'the scaffolder gave no reason';
      await progress(deps, input, 'scaffold', 'scaffolding failed', { error, errorType: 'scaffold_failed' });
      return end(failed('scaffold_failed', error));
    },
  };
}
