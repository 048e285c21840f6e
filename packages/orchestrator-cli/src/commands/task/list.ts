import type { Task } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { defineCommand } from '../../kit/define-command.js';
import { pageOfTasks, renderTasks, taskListErrors, taskListInput } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'task.list',
  summary: 'List tasks, newest first',
  effect: 'read',
  input: () =>
    z.object({
      project: z.string().optional().meta({ description: 'Only tasks of this project (ORCHESTRATOR_PROJECT)' }),
      ...taskListInput(),
    }),
  examples: [
    'orchestrator task list',
    'orchestrator task list --project todo-api --status failed',
    'orchestrator task list --fields id,status,error --json',
  ],
  failsWith: taskListErrors,

  async run(input, context): Promise<Page<Partial<Task>>> {
    const { client, settings } = await context.client();
    return await pageOfTasks(client, input, settings.project, context.signal);
  },

  render: renderTasks,
});
