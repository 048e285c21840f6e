import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { folderFingerprint, lockFolder } from '@codegen/sdk/processes';
import { PortInUseError } from '../forwarder/forwarder.js';
import { clearLeftovers } from '../releases/clear-leftovers.js';
import { nextFreePort } from '../releases/free-port.js';
import { ProjectReleases, type ReleaseSettings } from '../releases/project-releases.js';
import { listProjects, ProjectFolders } from '../releases/release-folders.js';
import { type CheckedDeploy, type DeployContext, DeployFailure, type Executor } from './executor.js';

const LOOPBACK = '127.0.0.1';

export interface LocalExecutorSettings extends Omit<ReleaseSettings, 'marker'> {
  readonly releasesDir: string;
  /** Address of this machine, where allocated ports are served. */
  readonly host: string;
}

/**
 * Runs releases as processes of this machine, each project behind a forwarder on its allocated port. What ran when it
 * was last stopped or killed runs again.
 * @throws where another process runs the releases of this folder
 */
export async function startLocalExecutor(given: LocalExecutorSettings): Promise<Executor> {
  const { releasesDir, host, logger } = given;
  await mkdir(releasesDir, { recursive: true, mode: 0o700 });
  const fingerprint = await folderFingerprint(releasesDir);
  const unlock = await lockFolder(releasesDir, 'releases', 'infra-service');
  const settings: ReleaseSettings = {
    ...given,
    marker: (projectId, sha) => `${projectId}/${sha}/${fingerprint}-${randomBytes(6).toString('hex')}`,
  };
  const isOurs = (marker: string) => marker.split('/')[2]?.startsWith(`${fingerprint}-`) ?? false;
  try {
    await clearLeftovers(releasesDir, isOurs, given.stopGraceMs, logger);
  } catch (error) {
    await unlock();
    throw error;
  }

  const projects = new Map<string, ProjectReleases>();
  const project = (projectId: string): ProjectReleases => {
    const known = projects.get(projectId);
    if (known) return known;
    const releases = new ProjectReleases(new ProjectFolders(releasesDir, projectId), settings);
    projects.set(projectId, releases);
    return releases;
  };
  for (const projectId of await listProjects(releasesDir)) {
    await project(projectId)
      .restore()
      .catch((error) => logger.error({ project_id: projectId, error: String(error) }, 'release does not run again'));
  }
  const isHere = (serverIp: string) => serverIp === host || serverIp === LOOPBACK;
  const stopping = new AbortController();
  const deploys = new Set<Promise<unknown>>();

  const deploy = async (message: CheckedDeploy, { signal, ...context }: DeployContext): Promise<void> => {
    if (!isHere(message.server_ip)) {
      const text = `server_ip ${message.server_ip} is not this machine: deploy to ${host}`;
      throw new DeployFailure(undefined, text);
    }
    if (message.github_token_ref !== 'none:') {
      const text = `${message.repo_full_name} is fetched with ${message.github_token_ref}, and the local executor fetches without a login: deploy to a server of another kind`;
      throw new DeployFailure('fetch_failed', text);
    }
    const target = {
      repo_full_name: message.repo_full_name,
      clone_url: message.clone_url,
      server_ip: message.server_ip,
      allocated_port: message.port,
      secrets_ref: message.secrets_ref,
    };
    try {
      const either = AbortSignal.any([signal, stopping.signal]);
      either.throwIfAborted();
      await project(message.project_id).deploy(target, message.commit_sha, { ...context, signal: either });
    } catch (error) {
      if (!(error instanceof PortInUseError)) throw error;
      const free = await nextFreePort(message.server_ip, message.port);
      throw new DeployFailure('port_in_use', error.message, { freePort: free }, { cause: error });
    }
  };
  return {
    deploy: async (message, context) => {
      const work = deploy(message, context);
      deploys.add(work);
      await work.finally(() => deploys.delete(work));
      return { url: `http://${message.server_ip}:${message.port}` };
    },
    isHere,
    runs: (projectId) => projects.get(projectId)?.runs ?? false,
    runAgain: (projectId, target, sha) => {
      if (!stopping.signal.aborted) project(projectId).runAgain(target, sha);
    },
    stop: async () => {
      stopping.abort(new Error('infra-service is stopping'));
      await Promise.allSettled(deploys);
      await Promise.all([...projects.values()].map((releases) => releases.stop(given.stopGraceMs)));
      await unlock();
    },
  };
}
