import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceDeployment } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isRefusal } from '@codegen/sdk/errors';
import { backoffMs, type Logger } from '@codegen/sdk/queue';
import type { Executors } from './executors/registry.js';

export interface RebuildOptions {
  readonly api: {
    readonly deployments: Pick<Api['deployments'], 'list'>;
    readonly allocations: Pick<Api['allocations'], 'list'>;
    readonly projects: Pick<Api['projects'], 'get'>;
  };
  readonly executors: Pick<Executors, 'get' | 'runs'>;
  /** Deploys of one project, one after the other. */
  inOrder<T>(projectId: string, work: () => Promise<T>): Promise<T>;
  readonly logger: Logger;
  /** Before the second try; doubles from there. */
  readonly retryMs?: number;
}

const RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;

/**
 * Runs what the API says runs on this machine, and of which the folder of releases knows nothing: it was lost. The commits
 * come from the repositories, as in a deploy. Tries until the API tells, or it is aborted.
 */
export async function rebuildLost(options: RebuildOptions, signal: AbortSignal): Promise<void> {
  const { api, logger, retryMs = RETRY_MS } = options;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      for await (const deployment of api.deployments.list({ current: true, limit: 500 }, { signal })) {
        await options.inOrder(deployment.project_id, () => rebuild(deployment, options, signal));
      }
      return;
    } catch (error) {
      if (signal.aborted || isRefusal(error)) return;
      if (failures === 0) logger.warn({ error: String(error) }, 'it is not known yet whether releases were lost');
      await sleep(backoffMs(failures, { firstMs: retryMs, longestMs: LAST_RETRY_MS }), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }
}

async function rebuild(
  { project_id, server_handle, port, commit_sha, url }: ServiceDeployment,
  { api, executors, logger }: RebuildOptions,
  signal: AbortSignal,
): Promise<void> {
  if (executors.runs(project_id)) return;
  const ports = await api.allocations.list(project_id, { signal });
  const place = ports.find((one) => one.port === port && one.server_handle === server_handle);
  if (!place) return;
  const { server_ip, server_kind } = place;
  const executor = executors.get(server_kind);
  if (!executor?.isHere(server_ip)) return;
  const { repository, manifest } = await api.projects.get(project_id, { signal });
  if (repository === null) return;
  const { full_name: repo_full_name, clone_url } = repository;
  logger.warn({ project_id, url, release: commit_sha }, 'a release was lost: it is made anew from its commit');
  const asksForAny = (manifest?.environment.length ?? 0) > 0;
  const secrets_ref = asksForAny ? `vault:project/${project_id}` : 'none:';
  const target = { repo_full_name, clone_url, server_ip, allocated_port: port, secrets_ref };
  executor.runAgain(project_id, target, commit_sha);
}
