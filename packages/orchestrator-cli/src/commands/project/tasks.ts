import type { Task } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { projectArgument } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import { pageOfTasks, renderTasks, taskListErrors, taskListInput } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'project.tasks',
  summary: "List a project's tasks, newest first",
  effect: 'read',
  input: () =>
    z.object({
      project: projectArgument(),
      ...taskListInput(),
    }),
  examples: [
    'orchestrator project tasks todo-api',
    'orchestrator project tasks todo-api --status failed --fields id,error --json',
  ],
  failsWith: taskListErrors,

  async run(input, context): Promise<Page<Partial<Task>>> {
    const { client, settings } = await context.client();
    const project = await chooseProject(client, settings.project, context.asking);
    return await pageOfTasks(client, input, project, context.signal);
  },

  render: renderTasks,
});
