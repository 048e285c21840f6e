import type { Project, ProjectRepository, WorkerRepo } from '@codegen/contracts';
import { isNotThere } from '@codegen/sdk/errors';
import { cloneSource } from '@codegen/sdk/git';
import { textOf } from '@codegen/sdk/text';
import { RefusedError } from './resolve-environment.js';

/** Projects as the API knows them. */
export interface KnownProjects {
  get(id: string): Promise<Project>;
  page(query: { repository: string; limit: number }): Promise<{ items: Project[] }>;
}

/**
 * What git clones for a worker. Anybody who reaches Redis can send a command: a worker of a project gets the repository that the API
 * says is that project's, and no other. A worker of no project gets what its `clone_url` names, else the repository of that name.
 * @throws {RefusedError} saying what does not fit; what the API throws, where it is away
 */
export async function findRepository(
  repo: WorkerRepo,
  projectId: string | undefined,
  { projects, reposDir }: { projects: KnownProjects | undefined; reposDir: string },
): Promise<string> {
  if (projectId === undefined && repo.clone_url !== undefined) return allowed(repo.clone_url, reposDir);
  if (!projects) throw invalid('where a repository is, the API says: set API_URL and API_TOKEN');
  const { full_name, clone_url, credential_ref } =
    projectId === undefined ? await named(repo.repo_full_name, projects) : await ofProject(projectId, projects);
  const isOther = repo.repo_full_name !== full_name || (repo.clone_url !== undefined && repo.clone_url !== clone_url);
  if (isOther) {
    const error = `a worker of the project ${projectId} clones ${full_name}, at the clone_url of the project, and no other`;
    throw new RefusedError({ refusal: 'not_allowed', error });
  }
  if (credential_ref !== 'none:') {
    throw invalid(`${full_name} is cloned with ${credential_ref}, and workers of this version clone without a login`);
  }
  return allowed(clone_url, reposDir);
}

async function ofProject(id: string, projects: KnownProjects): Promise<ProjectRepository> {
  const project = await projects.get(id).catch((error: unknown) => {
    if (isNotThere(error)) return undefined;
    throw error;
  });
  if (project?.id !== id) throw invalid(`there is no project ${id}`);
  if (project.repository) return project.repository;
  throw invalid(`project ${id} has no repository yet: its first engineering task makes one`);
}

async function named(fullName: string, projects: KnownProjects): Promise<ProjectRepository> {
  const { items } = await projects.page({ repository: fullName, limit: 1 });
  const repository = items[0]?.repository;
  if (repository?.full_name === fullName) return repository;
  throw invalid(`no project has a repository ${JSON.stringify(fullName)}: name that of one, or say clone_url`);
}

function allowed(cloneUrl: string, reposDir: string): string {
  try {
    return cloneSource(cloneUrl, reposDir);
  } catch (error) {
    throw new RefusedError({ refusal: 'not_allowed', error: textOf(error) });
  }
}

function invalid(error: string): RefusedError {
  return new RefusedError({ refusal: 'invalid', error });
}
