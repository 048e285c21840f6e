import type { Task } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { TaskListCommand, taskListFlags } from '../../task-list-command.js';

/** Lists tasks. */
export default class TaskList extends TaskListCommand {
  static override flags = {
    project: Flags.string({ description: 'Only tasks of this project (ORCHESTRATOR_PROJECT)' }),
    ...taskListFlags,
  };
  static override examples = [
    'orchestrator task list',
    'orchestrator task list --project todo-api --status failed',
    'orchestrator task list --fields id,status,error --json',
  ];

  async run(): Promise<Page<Partial<Task>>> {
    const { flags } = await this.parse(TaskList);
    this.checkFields(flags);
    const { client, settings } = await this.client(flags);
    return await this.page(client, flags, settings.project);
  }
}
