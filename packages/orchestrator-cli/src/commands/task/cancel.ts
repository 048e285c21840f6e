import type { Task } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, taskInput, waitInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { cancelTask } from '../../operations/cancel-task.js';
import { renderTask } from '../../render/task.js';

export default defineCommand({
  id: 'task.cancel',
  summary: 'Ask for the end of a task that waits or runs',
  effect: 'change',
  description:
    'The task is asked to end and does so at its next step; with --wait the command ends when the task has. ' +
    'A cancelled task can be started again with task retry.',
  input: () =>
    z.object({
      ...taskInput(),
      ...waitInput(),
      ...changeInput(),
    }),
  examples: ['orchestrator task cancel task_0198…', 'orchestrator task cancel task_0198… --wait=2m'],
  failsWith: ['TASK_NOT_FOUND', 'TASK_ENDED', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'],

  async run(input, context): Promise<Task> {
    const { client } = await context.client();
    const idempotencyKey = context.idempotencyKey();
    return await cancelTask(client, input.task, context.runtime, { ...input, idempotencyKey });
  },

  render(task: Task, screen: Screen): string {
    const text = renderTask(task, screen);
    if (task.status === 'cancelled') return text;
    const next = `${screen.paint.bold('Next:')} ${paste`orchestrator task watch ${task.id}`}`;
    return `${text}\n${screen.paint.dim('It was asked to end, and does so at its next step.')}\n${next}`;
  },
});
