import type { TaskType } from '@codegen/contracts';
import type { Orchestrator, TaskHandle } from '@codegen/sdk';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { inputRequired } from '../kit/prompts.js';

/**
 * The task that a command is about: the one named, else the latest of the project.
 * @throws OrchestratorError TASK_NOT_FOUND where it is of another type, or the project has none
 */
export async function findTask(
  client: Orchestrator,
  { id, project, type }: { id: string | undefined; project: string | undefined; type: TaskType },
  signal: AbortSignal,
): Promise<TaskHandle> {
  if (id === undefined && project === undefined) {
    throw inputRequired([
      [
        { name: 'TASK', question: 'Task:' },
        { name: '--project', question: 'Project:' },
      ],
    ]);
  }
  const wanted = id ?? (await latest(client, project as string, type, signal));
  const handle = await client.tasks.handle(wanted, { signal });
  if (handle.task.type === type) return handle;
  const other = handle.task.type;
  throw new OrchestratorError('TASK_NOT_FOUND', `${handle.id} is of the type ${other}, not ${type}`, {
    next: [{ command: paste`orchestrator ${other} status ${handle.id}`, when: 'to see that task' }],
  });
}

async function latest(client: Orchestrator, project: string, type: TaskType, signal: AbortSignal): Promise<string> {
  const { items } = await client.tasks.page({ project, type, limit: 1 }, { signal });
  const [task] = items;
  if (task) return task.id;
  const spec = type === 'engineering' ? ' --spec TEXT' : '';
  throw new OrchestratorError('TASK_NOT_FOUND', `${project} has no ${type} task yet`, {
    next: [{ command: paste`orchestrator ${type} start --project ${project}` + spec, when: 'to start one' }],
  });
}
