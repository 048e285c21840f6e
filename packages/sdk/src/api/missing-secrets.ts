import { requiredSecrets } from '@codegen/contracts';
import type { Api } from './create-api.js';
import type { CallOptions } from './request.js';

/** Names that `.project.yml` on a project's main requires and that the project has no secret for. */
export async function missingSecrets(
  api: Pick<Api, 'projects' | 'secrets'>,
  project: string,
  options?: CallOptions,
): Promise<string[]> {
  const [{ manifest }, secrets] = await Promise.all([
    api.projects.get(project, options),
    api.secrets.list(project, options),
  ]);
  const known = new Set(secrets.map(({ name }) => name));
  return requiredSecrets(manifest).filter((name) => !known.has(name));
}
