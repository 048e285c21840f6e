import { requiredSecrets } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { awaitResult, dispatch } from '../dispatch.js';
import { cancelled, type FlowDeps, failed } from '../flow.js';
import { progress } from '../report.js';
import { requestId } from '../request-id.js';
import type { WaitCondition } from '../waits.js';
import { type DeployNode, end } from './state.js';

/** Those of the names that the project has no secret for. */
export async function missingSecrets(
  api: Pick<Api, 'secrets'>,
  condition: Pick<WaitCondition, 'project_id' | 'names'>,
  signal?: AbortSignal,
): Promise<string[]> {
  const known = new Set((await api.secrets.list(condition.project_id, { signal })).map((secret) => secret.name));
  return condition.names.filter((name) => !known.has(name));
}

/** Compares what `.project.yml` asks for with the project's secrets; where some are missing, the task waits for them. */
export function checkEnvironmentStep(deps: FlowDeps): DeployNode {
  return async ({ input, epoch }, { signal }) => {
    const { manifest, name } = await deps.api.projects.get(input.project_id, { signal });
    const asksForAny = (manifest?.environment.length ?? 0) > 0;
    const secrets_ref = asksForAny ? `vault:project/${input.project_id}` : 'none:';
    const names = requiredSecrets(manifest);
    const missing = await missingSecrets(deps.api, { project_id: input.project_id, names }, signal);
    if (missing.length === 0) return { secrets_ref, next: 'allocate' };
    await deps.api.tasks.transition(input.task_id, { epoch, status: 'running', reason: 'waiting_secret' }, { signal });
    const id = requestId(input.request_id, 'secrets', epoch);
    await dispatch(deps, input.request_id, {
      requestId: id,
      step: 'secrets',
      messages: [],
      condition: { type: 'secrets', project_id: input.project_id, names },
      silence: `nobody set the secrets that .project.yml requires (missing: ${missing.join(', ')})`,
      deadlineMs: deps.settings.limits.secretsMs,
      cancelAfterMs: 0,
    });
    const how = `orchestrator secret set ${missing[0]} --project ${name}`;
    const text = `waiting for secrets that .project.yml requires: ${missing.join(', ')}; to give one: ${how}`;
    await progress(deps, input, 'allocate', text);
    return { secrets_ref, wait: id, next: 'await_secrets' };
  };
}

/** Goes on once every required secret is there. */
export function awaitSecrets(deps: FlowDeps): DeployNode {
  return async ({ input, epoch, wait }, { signal }) => {
    const result = awaitResult(wait);
    if (result.kind === 'cancelled') return end(cancelled);
    if (result.kind === 'failed') return end(failed(result.reason, result.error));
    await deps.api.tasks.transition(input.task_id, { epoch, status: 'running', reason: null }, { signal });
    await progress(deps, input, 'allocate', 'every required secret is there');
    return { next: 'allocate' };
  };
}
