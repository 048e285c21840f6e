import { type ScaffolderResult, scaffolderQueue } from '@codegen/contracts';
import { awaitResult, dispatch, outgoing } from '../dispatch.js';
import { cancelled, type FlowDeps, failed } from '../flow.js';
import { again, park, parkedAt } from '../park.js';
import { progress, setProjectStatus } from '../report.js';
import { requestId } from '../request-id.js';
import { at, type EngineeringNode, end } from './state.js';

/** Asks the scaffolder for the project's repository. */
export function scaffoldStep(deps: FlowDeps): EngineeringNode {
  return async (state, { signal }) => {
    const { input, parks } = state;
    const project = await deps.api.projects.get(input.project_id, { signal });
    const id = requestId(input.request_id, 'scaffold', ...again(parks));
    await setProjectStatus(deps, project.id, 'scaffolding', {
      from: ['draft', 'scaffold_failed', 'failed', 'scaffolding'],
      signal,
    });
    const message = outgoing(scaffolderQueue, {
      request_id: id,
      correlation_id: input.correlation_id,
      callback_stream: input.callback_stream,
      project_id: project.id,
      repo_full_name: `local/${project.id}`,
      project_name: project.name,
      modules: project.modules,
      task_id: input.task_id,
    });
    const first = await dispatch(deps, input.request_id, {
      requestId: id,
      step: 'scaffold',
      messages: [message],
      silence: 'the scaffolder did not say whether the repository is there',
      deadlineMs: deps.settings.limits.repositoryMs,
      cancelAfterMs: 0,
    });
    if (first && !parkedAt(state, at(state, 'scaffold'))) {
      await progress(deps, input, 'scaffold', 'asking the scaffolder for a repository', { pct: 5 });
    }
    return { wait: id };
  };
}

/** Goes on once the repository is there. */
export function awaitScaffold(deps: FlowDeps): EngineeringNode {
  return async (state) => {
    const { input, wait } = state;
    const result = awaitResult(wait);
    if (result.kind === 'failed') {
      const { reason, error } = result;
      await progress(deps, input, 'scaffold', 'scaffolding failed', { error, errorType: reason });
      return end(failed(reason, error));
    }
    if (result.kind !== 'answer') return end(cancelled);
    const answer = result.message as ScaffolderResult;
    if (answer.status === 'success') {
      await progress(deps, input, 'scaffold', `repository scaffolded: ${answer.files_generated} files`, { pct: 10 });
      return { next: 'develop' };
    }
    if (answer.system_fault) return park(deps, state, at(state, 'scaffold'), answer.system_fault, end);
    const error = answer.error ?? 'the scaffolder gave no reason';
    await progress(deps, input, 'scaffold', 'scaffolding failed', { error, errorType: 'scaffold_failed' });
    return end(failed('scaffold_failed', error));
  };
}
