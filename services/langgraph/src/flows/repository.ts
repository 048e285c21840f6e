import type { Project, ProjectRepository } from '@codegen/contracts';

/** Where the project's repository is, as the scaffolder recorded it; nothing else says where. @throws where it is not recorded */
export function repositoryOf({ id, repository }: Project): ProjectRepository {
  if (repository) return repository;
  throw new Error(`it is not recorded where the repository of project ${id} is`);
}
