import { failTask, type Task } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, taskInput, yesInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { confirm, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { renderTask } from '../../render/task.js';

export default defineCommand({
  id: 'task.fail',
  summary: 'End a task that is stuck, as an administrator',
  effect: 'destroy',
  forAdmins: true,
  description:
    'For an administrator, where task cancel does not help. The task fails at once and its project is free for the next ' +
    'one; whatever still works on it is refused from then on. Who waits for it or watches it ends with 1 and the reason. ' +
    'A failed task can be started again with task retry.',
  input: () =>
    z.object({
      ...taskInput(),
      reason: failTask.shape.reason.meta({ description: 'Why, for whoever watches the task' }),
      ...yesInput(),
      ...changeInput(),
    }),
  examples: [
    'orchestrator task fail task_0198… --reason "the server is gone"',
    'orchestrator task fail task_0198… --reason "the server is gone" --yes',
  ],
  failsWith: ['TASK_NOT_FOUND', 'TASK_ENDED', 'FORBIDDEN', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Task> {
    const { task } = input;
    const reason = input.reason.trim();
    if (reason === '') throw inputRequired([{ name: '--reason', question: '' }]);
    const { client } = await context.client();
    const command = paste`orchestrator task fail ${task} --reason ${reason}`;
    await confirm(`Fail ${task}? What works on it is cut off.`, { yes: input.yes, command, ...context.asking });
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey() };
    return await client.tasks.fail(task, { reason }, call).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'TASK_ENDED') throw error;
      throw withNext(error, [{ command: paste`orchestrator task get ${task}`, when: 'to see how it ended' }]);
    });
  },

  render(task: Task, screen: Screen): string {
    const next = `${screen.paint.bold('Next:')} ${paste`orchestrator task retry ${task.id}`}`;
    return `${renderTask(task, screen)}\n${next}`;
  },
});
