import { identifier, type Task, type TaskType, task, taskStatus, taskType } from '@codegen/contracts';
import type { Orchestrator, Page } from '@codegen/sdk';
import { z } from 'zod';
import { parseDuration } from '../input/duration.js';
import { listInput } from '../input/fields.js';
import type { Context } from '../kit/context.js';
import { renderList } from '../kit/list.js';
import { pickFields, splitNames } from '../kit/parse.js';
import type { Screen } from '../kit/screen.js';
import { renderStarted } from '../render/started.js';
import { renderTask, taskColumns } from '../render/task.js';
import { findTask } from './find-task.js';
import { followToEnd, withoutSpec } from './follow-to-end.js';
import { tellWait } from './tell-wait.js';

const latestInput = () => ({
  task: identifier.optional().meta({ positional: true, description: 'Id; without it, the latest of the project' }),
  project: identifier.optional().meta({ description: 'Take the latest task of this project (ORCHESTRATOR_PROJECT)' }),
});

/** What `engineering status` and `deploy status` have in common: a task as it is now. */
export const statusOf = (type: TaskType) => ({
  effect: 'read' as const,
  input: () => z.object(latestInput()),
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const,

  async run({ task }: { task?: string | undefined }, context: Context): Promise<Task> {
    const { client, settings } = await context.client();
    const found = await findTask(client, { id: task, project: settings.project, type }, context.signal);
    context.runtime.meta.correlation_id = found.task.correlation_id;
    tellWait(found.task, context.runtime);
    return withoutSpec(found.task);
  },

  render(task: Task, screen: Screen): string {
    return renderTask(task, screen);
  },
});

/** What `engineering wait` and `deploy wait` have in common: they follow a task, and end as the task does. */
export const waitFor = (type: TaskType) => ({
  effect: 'read' as const,
  description:
    'Exits by how the task ends: 0 when it completed, 1 when it failed or was cancelled, 8 when --timeout came first. ' +
    'Ctrl-C lets go of the task and never cancels it; wait again whenever you like, from any machine.',
  input: () =>
    z.object({
      ...latestInput(),
      timeout: z.string().optional().meta({ description: 'Wait no longer than this', value: '15m' }),
    }),
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'] as const,

  async run(
    input: { task?: string | undefined; timeout?: string | undefined; quiet?: boolean | undefined },
    context: Context,
  ): Promise<Task> {
    const timeoutMs = input.timeout === undefined ? undefined : parseDuration(input.timeout, '--timeout');
    const { client, settings } = await context.client();
    const handle = await findTask(client, { id: input.task, project: settings.project, type }, context.signal);
    context.runtime.meta.correlation_id = handle.task.correlation_id;
    // As the person calls it, where it was found by that.
    if (input.task === undefined) context.project = settings.project;
    return await followToEnd(client, handle, context.runtime, { timeoutMs, quiet: input.quiet });
  },

  render(task: Task, screen: Screen, context: Context): string {
    return renderStarted(task, screen, context.project);
  },
});

/** Of every list of tasks, which leave the spec out. */
export const taskListInput = () => ({
  type: taskType.optional().meta({ description: 'Only tasks of this type' }),
  status: taskStatus.optional().meta({ description: 'Only tasks in this status' }),
  ...listInput(Object.keys(task.omit({ spec: true }).shape)),
});

type TaskListInput = z.output<z.ZodObject<ReturnType<typeof taskListInput>>>;

/** How a list of tasks fails. */
export const taskListErrors = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

/** A page of tasks, newest first: of one project or of all. */
export async function pageOfTasks(
  client: Orchestrator,
  { limit, cursor, type, status, fields }: TaskListInput,
  project: string | undefined,
  signal: AbortSignal,
): Promise<Page<Partial<Task>>> {
  const query = { limit, ...(cursor && { cursor }), ...(type && { type }), ...(status && { status }) };
  const page = await client.tasks.page({ ...query, ...(project && { project }) }, { signal });
  return { ...page, items: page.items.map((task) => pickFields(task, splitNames(fields))) };
}

export function renderTasks(
  page: Page<Partial<Task>>,
  screen: Screen,
  { input }: { input: Partial<TaskListInput> },
): string {
  const empty =
    input.cursor || input.type || input.status
      ? 'No task fits. Next: orchestrator task list'
      : 'No tasks. Next: orchestrator engineering start --project PROJECT --spec TEXT --wait';
  const view = { columns: taskColumns(screen), fields: splitNames(input.fields), empty };
  return renderList(page as Page<Task>, view, screen);
}
