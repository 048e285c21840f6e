import { requiredSecrets } from '@codegen/contracts';
import { dispatch } from '../../engine/dispatch.js';
import { failed } from '../../engine/outcome.js';
import { requestId } from '../../engine/request-id.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { type DeployStep, end } from './state.js';

/** Has the task wait where the project lacks secrets that `.project.yml` asks for. */
export function secretsStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'early',
    asksNobody: true,
    rest: 'await_secrets',
    ask: async ({ input, epoch }, { signal }) => {
      const { task_id, project_id } = input;
      const { manifest } = await deps.api.projects.get(project_id, { signal });
      const asksForAny = (manifest?.environment.length ?? 0) > 0;
      const secrets_ref = asksForAny ? `vault:project/${project_id}` : 'none:';
      const names = requiredSecrets(manifest);
      if (names.length === 0) return { secrets_ref, next: 'allocate' };
      const condition = { type: 'secrets', names };
      const { task } = await deps.api.tasks.transition(task_id, { epoch, status: 'running', condition }, { signal });
      if (!task.waits_for) return { secrets_ref, next: 'allocate' };
      const { why, missing = [], next } = task.waits_for;
      const id = requestId(input.request_id, 'secrets', epoch);
      await dispatch(deps, input.request_id, {
        requestId: id,
        step: 'secrets',
        messages: [],
        condition,
        silence: `nobody set the secrets that .project.yml requires (missing: ${missing.join(', ')})`,
        deadlineMs: deps.settings.limits.secretsMs,
        cancelAfterMs: 0,
      });
      const text = `${why}, which .project.yml requires${next ? `: ${next.command}` : ''}`;
      await progress(deps, input, 'allocate', text, { missing });
      return { secrets_ref, wait: id };
    },
    onAnswer: async (result, { input, epoch }, { signal }) => {
      if (result.kind === 'failed') return end(failed(result.reason, result.error));
      await deps.api.tasks.transition(input.task_id, { epoch, status: 'running', reason: null }, { signal });
      await progress(deps, input, 'allocate', 'every required secret is there');
      return { next: 'allocate' };
    },
  };
}
