import { type Task, WAITING_SYSTEM } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { isOrchestratorError, type NextStep, paste } from '@codegen/sdk/errors';
import { asCalled } from '../program.js';
import type { Runtime } from '../runtime.js';

/**
 * Warns of what a task waits for: a machine that is at fault, or secrets, as far as the caller may list them.
 * @returns the command that gives the first one
 */
export async function tellMissing(
  client: Orchestrator,
  task: Partial<Task>,
  runtime: Pick<Runtime, 'signal' | 'warnings'>,
): Promise<NextStep | undefined> {
  const { reason, project_id: project, error } = task;
  if (reason === WAITING_SYSTEM && error) runtime.warnings.push(`it waits: ${error}; it then goes on by itself`);
  if (reason !== 'waiting_secret' || project === undefined) return undefined;
  const missing = await client.secrets.missing(project, { signal: runtime.signal }).catch((error: unknown) => {
    if (!isOrchestratorError(error) || error.code !== 'FORBIDDEN') throw error;
    return [];
  });
  const [first = 'NAME'] = missing;
  const what = missing.length > 0 ? `the secrets ${missing.join(', ')}` : 'secrets that .project.yml requires';
  const command = paste`orchestrator secret set ${first} --project ${project}`;
  runtime.warnings.push(`it waits for ${what}: ${asCalled(command)}`);
  return { command, when: 'to give what it waits for; it then goes on by itself' };
}
