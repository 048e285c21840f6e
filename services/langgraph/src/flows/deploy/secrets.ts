import { requiredSecrets } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { dispatch } from '../../engine/dispatch.js';
import { failed } from '../../engine/outcome.js';
import { requestId } from '../../engine/request-id.js';
import type { FlowDeps } from '../flow.js';
import { progress } from '../report.js';
import { type DeployStep, end } from './state.js';

/** Holds once the project has all of these secrets. */
export interface SecretsCondition {
  type: 'secrets';
  project_id: string;
  names: string[];
}

/** Those of the names that the project has no secret for. */
export async function missingSecrets(
  api: Pick<Api, 'secrets'>,
  { project_id, names }: Pick<SecretsCondition, 'project_id' | 'names'>,
  signal?: AbortSignal,
): Promise<string[]> {
  const known = new Set((await api.secrets.list(project_id, { signal })).map((secret) => secret.name));
  return names.filter((name) => !known.has(name));
}

/** Compares what `.project.yml` asks for with the project's secrets; where some are missing, the task waits for them. */
export function secretsStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'early',
    asksNobody: true,
    rest: 'await_secrets',
    ask: async ({ input, epoch }, { signal }) => {
      const { task_id, project_id } = input;
      const { manifest, name } = await deps.api.projects.get(project_id, { signal });
      const asksForAny = (manifest?.environment.length ?? 0) > 0;
      const secrets_ref = asksForAny ? `vault:project/${project_id}` : 'none:';
      const names = requiredSecrets(manifest);
      const missing = await missingSecrets(deps.api, { project_id, names }, signal);
      if (missing.length === 0) return { secrets_ref, next: 'allocate' };
      await deps.api.tasks.transition(task_id, { epoch, status: 'running', reason: 'waiting_secret' }, { signal });
      const id = requestId(input.request_id, 'secrets', epoch);
      const condition: SecretsCondition = { type: 'secrets', project_id, names };
      await dispatch(deps, input.request_id, {
        requestId: id,
        step: 'secrets',
        messages: [],
        condition,
        silence: `nobody set the secrets that .project.yml requires (missing: ${missing.join(', ')})`,
        deadlineMs: deps.settings.limits.secretsMs,
        cancelAfterMs: 0,
      });
      const how = `orchestrator secret set ${missing[0]} --project ${name}`;
      const text = `waiting for secrets that .project.yml requires: ${missing.join(', ')}; to give one: ${how}`;
      await progress(deps, input, 'allocate', text);
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
