import type { Task } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import type { Api, Wait } from '@codegen/sdk/api';
import { isOrchestratorError, type NextStep } from '@codegen/sdk/errors';
import { asCalled } from '../program.js';
import type { Runtime } from '../runtime.js';

/**
 * Warns of what a task waits for: a machine that is at fault, or secrets, as far as the caller may list them.
 * @returns the command that gives the first one
 */
export async function tellMissing(
  client: Orchestrator,
  task: Task,
  runtime: Pick<Runtime, 'signal' | 'warnings'>,
): Promise<NextStep | undefined> {
  const wait = await waitOfTask(await client.api({ signal: runtime.signal }), task, runtime.signal);
  if (!wait) return undefined;
  runtime.warnings.push(wait.next ? `${wait.why}: ${asCalled(wait.next.command)}` : wait.why);
  return wait.next;
}

/** What a task waits for, with the names of the secrets as far as the caller may list them. */
export async function waitOfTask(api: Api, task: Task, signal: AbortSignal): Promise<Wait | undefined> {
  if (task.reason === null) return undefined;
  const { missingSecrets, waitOf } = await import('@codegen/sdk/api');
  if (task.reason !== 'waiting_secret') return waitOf(task);
  const missing = await missingSecrets(api, task.project_id, { signal }).catch((error: unknown) => {
    if (!isOrchestratorError(error) || error.code !== 'FORBIDDEN') throw error;
    return [];
  });
  return waitOf(task, missing);
}
