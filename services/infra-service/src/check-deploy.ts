import { type AnsibleDeployMessage, type Project, parseReference } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isNotThere, isOrchestratorError } from '@codegen/sdk/errors';
import { type CheckedDeploy, DeployFailure } from './executors/executor.js';
import { kindOf } from './executors/registry.js';

/** What a deploy is checked against. */
export interface KnownProjects {
  readonly api: {
    readonly projects: Pick<Api['projects'], 'get'>;
    readonly allocations: Pick<Api['allocations'], 'list'>;
    readonly tasks: Pick<Api['tasks'], 'get'>;
  };
  /** What `env:NAME` may name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Compares what a message says with what the API knows, before anything is made or run: anybody who reaches Redis can
 * write one. What the message leaves out is filled in.
 * @throws {DeployFailure} naming what does not fit
 * @throws {OrchestratorError} where the API does not say: the message is tried again
 */
export async function checkDeploy(
  message: AnsibleDeployMessage,
  { api, environment }: KnownProjects,
  signal: AbortSignal,
): Promise<CheckedDeploy> {
  const { project_id, server_ip, port, task_id, secrets_ref } = message;
  const kind = kindOf(message);
  const project = await known(`project ${project_id}`, () => api.projects.get(project_id, { signal }));
  if (project.id !== project_id) refuse(`project_id must be the project's id, and ${project_id} is none`);
  if (project.status === 'archived') refuse(`project ${project_id} is archived: it takes no more deploys`);
  const checked = ofRepository(message, project);
  if (!isSecretOf(project, secrets_ref, environment)) {
    refuse(`secrets_ref must be none:, vault:project/${project_id}, or env: with a name that the operator lists`);
  }
  const ports = await api.allocations.list(project.id, { signal });
  const place = ports.find((one) => one.server_ip === server_ip && one.port === port);
  if (!place) refuse(`port ${port} of ${server_ip} is not allocated to ${project_id}: allocate it, then deploy again`);
  if (place.server_kind !== kind) {
    refuse(`${server_ip} is of the kind ${place.server_kind}: nothing is deployed as on a server of the kind ${kind}`);
  }
  if (task_id == null) return checked;
  const task = await known(`task ${task_id}`, () => api.tasks.get(task_id, { signal }));
  if (task.id !== task_id || task.project_id !== project.id || task.type !== 'deploy') {
    refuse(`${task_id} is not a deploy of ${project_id}`);
  }
  if (task.status === 'running') return checked;
  const how = task.status === 'queued' ? 'has not begun' : 'has ended';
  refuse(`task ${task_id} is ${task.status}: it ${how}, so nothing is deployed for it`);
}

/** Whether the task that asks for a deploy has neither ended nor is to be cancelled. */
export async function isWanted(
  { task_id }: AnsibleDeployMessage,
  { tasks }: Pick<KnownProjects['api'], 'tasks'>,
): Promise<boolean> {
  if (!task_id) return true;
  const task = await tasks.get(task_id).catch((error: unknown) => {
    if (isOrchestratorError(error) && error.code === 'TASK_NOT_FOUND') return undefined;
    throw error;
  });
  return task === undefined || (task.status === 'running' && !task.cancel_requested);
}

function refuse(why: string): never {
  throw new DeployFailure(undefined, `refused: ${why}`);
}

async function known<T>(what: string, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (!isNotThere(error)) throw error;
    throw new DeployFailure(undefined, `refused: there is no ${what}`, {}, { cause: error });
  }
}

/** The scaffolder recorded where the repository is. Senders of before that was recorded leave it out. */
function ofRepository(message: AnsibleDeployMessage, { id, repository }: Project): CheckedDeploy {
  const { repo_full_name, clone_url, github_token_ref } = message;
  if (repository?.full_name !== repo_full_name) refuse(`${repo_full_name} is not the repository of ${id}`);
  if (clone_url != null && clone_url !== repository.clone_url)
    refuse(`clone_url is not that of the repository of ${id}`);
  if (github_token_ref !== repository.credential_ref) refuse(`github_token_ref is not that of the repository of ${id}`);
  return { ...message, clone_url: repository.clone_url };
}

function isSecretOf({ id }: Project, text: string, environment: KnownProjects['environment']): boolean {
  const reference = parseReference(text);
  if (reference?.kind === 'none') return true;
  if (reference?.kind === 'env') return Object.hasOwn(environment, reference.name);
  return reference?.kind === 'vault' && reference.scope === 'project' && reference.projectId === id;
}
