import { type Task, taskStatus, taskType } from '@codegen/contracts';
import type { Orchestrator, Page } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from './base-command.js';
import { pickFields, readFields } from './fields.js';
import { listFlags } from './list-flags.js';
import { renderList } from './render/list.js';
import type { Screen } from './render/screen.js';
import { taskColumns } from './render/task.js';

/** Names of a task's fields, for `--fields`; lists leave the spec out. */
const FIELDS = [
  'id',
  'project_id',
  'type',
  'status',
  'reason',
  'result',
  'error',
  'attempt',
  'epoch',
  'cancel_requested',
  'request_id',
  'correlation_id',
  'created_at',
  'updated_at',
  'started_at',
  'finished_at',
];

/** Flags of every list of tasks. */
export const taskListFlags = {
  type: Flags.string({ description: 'Only tasks of this type', options: taskType.options }),
  status: Flags.string({ description: 'Only tasks in this status', options: taskStatus.options }),
  ...listFlags,
};

interface TaskListFlags {
  type?: string | undefined;
  status?: string | undefined;
  fields?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** A list of tasks, newest first: of one project or of all. */
export abstract class TaskListCommand extends BaseCommand<Page<Partial<Task>>> {
  static override failsWith = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;
  private filtered = false;

  protected checkFields(flags: TaskListFlags): void {
    this.fields = readFields(flags.fields, FIELDS);
  }

  protected async page(
    client: Orchestrator,
    flags: TaskListFlags,
    project: string | undefined,
  ): Promise<Page<Partial<Task>>> {
    const { limit, cursor } = flags;
    this.filtered = Boolean(cursor || flags.type || flags.status);
    const type = flags.type as Task['type'] | undefined;
    const status = flags.status as Task['status'] | undefined;
    const query = { limit, ...(cursor && { cursor }), ...(type && { type }), ...(status && { status }) };
    const page = await client.tasks.page({ ...query, ...(project && { project }) }, { signal: this.signal });
    return { ...page, items: page.items.map((task) => pickFields(task, this.fields)) };
  }

  render(page: Page<Partial<Task>>, screen: Screen): string {
    const empty = this.filtered
      ? 'No task fits. Next: orchestrator task list'
      : 'No tasks. Next: orchestrator engineering start --project PROJECT --spec TEXT --wait';
    const view = { columns: taskColumns(screen), fields: this.fields, empty };
    return renderList(page as Page<Task>, view, screen);
  }
}
