import { type AnsibleDeployResult, ansibleDeployQueue, deployResultKey } from '@codegen/contracts';
import { outgoing } from '../../engine/dispatch.js';
import { cancelled, failed } from '../../engine/outcome.js';
import { ask, requestIdAt } from '../ask.js';
import { tail } from '../engineering/prompt.js';
import { cancelRequested, type FlowDeps } from '../flow.js';
import { park } from '../park.js';
import { progress, setProjectStatus } from '../report.js';
import { repositoryOf } from '../repository.js';
import { type DeployStep, end, visit } from './state.js';

/** Milliseconds that a release under way may still be answered after a request to cancel. */
const DEPLOY_CANCEL_MS = 1800;

/**
 * Has the commit released on the allocated port; tries another port where this one is taken. A request to cancel waits a
 * little for the answer of a release that is under way. Then the task ends, and the executor, which asks before it switches,
 * leaves the old release serving.
 */
export function deployStep(deps: FlowDeps): DeployStep {
  return {
    kind: 'late',
    ask: async (state, { signal }) => {
      const { input, commit_sha, secrets_ref, place } = state;
      if (!place) throw new Error('there is no port to deploy to');
      const project = await deps.api.projects.get(input.project_id, { signal });
      const repository = repositoryOf(project);
      const here = visit(state);
      const id = requestIdAt(state, here);
      await setProjectStatus(deps, project.id, 'deploying', { signal });
      const message = outgoing(ansibleDeployQueue, {
        request_id: id,
        correlation_id: input.correlation_id,
        callback_stream: input.callback_stream,
        project_id: project.id,
        project_name: project.name.replaceAll('-', '_'),
        repo_full_name: repository.full_name,
        clone_url: repository.clone_url,
        server_ip: place.server_ip,
        server_kind: place.server_kind,
        port: place.port,
        modules: project.modules,
        github_token_ref: repository.credential_ref,
        secrets_ref,
        commit_sha,
        task_id: input.task_id,
      });
      const wait = {
        messages: [message],
        responseKey: deployResultKey(id),
        silence: 'infra-service did not say whether the release runs',
        deadlineMs: deps.settings.limits.deployMs,
        cancelAfterMs: DEPLOY_CANCEL_MS,
      };
      const said = `deploying commit ${commit_sha?.slice(0, 12)} to port ${place.port}`;
      return ask(deps, state, here, wait, { message: said, pct: 40, commit_sha });
    },
    onAnswer: async (result, state, { signal }) => {
      const { input, wait, place, taken, commit_sha } = state;
      if (result.kind === 'failed') {
        const { reason, error } = result;
        await progress(deps, input, 'deploy', 'it is not known whether it runs', { error, errorType: reason });
        return end(failed(reason, error));
      }
      if (result.kind !== 'answer' || !place) return end(cancelled);
      const answer = result.message as AnsibleDeployResult;
      const unwanted = await cancelRequested(deps, input, signal);
      if (answer.status === 'success') {
        const url = answer.deployed_url ?? `http://${place.server_ip}:${place.port}`;
        await deps.api.deployments.record(
          {
            request_id: wait,
            project_id: input.project_id,
            task_id: input.task_id,
            server_handle: place.server_handle,
            service: place.service,
            port: place.port,
            url,
            commit_sha: commit_sha ?? '',
          },
          { signal },
        );
        const late = unwanted ? '; the request to cancel came too late' : '';
        await progress(deps, input, 'deploy', `serving at ${url}${late}`, { pct: 80, url, commit_sha });
        return { url, next: 'verify' };
      }
      const reason = answer.reason ?? 'deploy_failed';
      const error = [answer.error ?? reason, answer.stderr && tail(answer.stderr, 4096)].filter(Boolean).join('\n');
      if (unwanted) return end(cancelled);
      if (answer.system_fault) return park(deps, state, visit(state), answer.system_fault, end);
      if (reason === 'port_in_use') {
        const text = `port ${place.port} is taken by another program; trying another one`;
        await progress(deps, input, 'deploy', text, { errorType: reason });
        return { taken: [...taken, place.port], from_port: answer.free_port ?? null, next: 'allocate' };
      }
      await progress(deps, input, 'deploy', `port ${place.port}: not released`, { error, errorType: reason });
      return end(failed(reason, error));
    },
  };
}
