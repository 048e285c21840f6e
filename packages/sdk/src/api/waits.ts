import { requiredSecrets, type Task, WAITING_SYSTEM } from '@codegen/contracts';
import { type NextStep, paste } from '../errors.js';
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

/** What a task waits for that somebody has to see to, and the command that does it. */
export interface Wait {
  why: string;
  /** Undefined where it goes on by itself. */
  next?: NextStep;
}

/** `missing`: the names of the secrets that its project lacks, as far as the caller may list them. */
export function waitOf(
  { reason, error, project_id }: Pick<Task, 'reason' | 'error' | 'project_id'>,
  missing: readonly string[] = [],
): Wait | undefined {
  if (reason === WAITING_SYSTEM && error) return { why: `it waits: ${error}; it then goes on by itself` };
  if (reason !== 'waiting_secret') return undefined;
  const [first = 'NAME'] = missing;
  const names = `the secret${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  return {
    why: `it waits for ${missing.length > 0 ? names : 'secrets that .project.yml requires'}`,
    next: {
      command: paste`orchestrator secret set ${first} --project ${project_id}`,
      when: 'to give it; the task then goes on by itself',
    },
  };
}
