import type { ProjectReport, ProjectStatus } from '@codegen/contracts';
import type { Api } from '@codegen/sdk/api';
import { isOrchestratorError } from '@codegen/sdk/errors';

const BEFORE_DEVELOPMENT: ProjectStatus[] = ['draft', 'scaffolding', 'scaffolded', 'scaffold_failed', 'failed'];

/** Reports how scaffolding ended. A project that has moved on meanwhile keeps its status; what else is known is kept. */
export async function reportScaffold(
  projects: Pick<Api['projects'], 'report'>,
  projectId: string,
  { status, ...known }: ProjectReport & { status: 'scaffolded' | 'scaffold_failed' },
): Promise<void> {
  try {
    await projects.report(projectId, { ...known, status, from: BEFORE_DEVELOPMENT });
  } catch (error) {
    if (!isOrchestratorError(error) || error.code !== 'CONFLICT') throw error;
    if (Object.keys(known).length > 0) await projects.report(projectId, known);
  }
}
