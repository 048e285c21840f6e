import { type Task, task } from '@codegen/contracts';
import { z } from 'zod';
import { fieldsInput, taskInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { pickFields, splitNames } from '../../kit/parse.js';
import type { Screen } from '../../kit/screen.js';
import { tellWait } from '../../operations/tell-wait.js';
import { renderTask } from '../../render/task.js';

export default defineCommand({
  id: 'task.get',
  summary: 'Show a task with its spec and result',
  effect: 'read',
  input: () =>
    z.object({
      ...taskInput(),
      ...fieldsInput(Object.keys(task.shape), 'Only these fields, separated by commas (JSON)'),
    }),
  examples: ['orchestrator task get task_0198…', 'orchestrator task get task_0198… --fields status,result --json'],
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Partial<Task>> {
    const { client } = await context.client();
    const task = await client.tasks.get(input.task, { signal: context.signal });
    context.runtime.meta.correlation_id = task.correlation_id;
    tellWait(task, context.runtime);
    return pickFields(task, splitNames(input.fields));
  },

  render(shown: Partial<Task>, screen: Screen, context): string {
    if (!splitNames(context.input.fields)) return renderTask(shown as Task, screen, { whole: true });
    return Object.entries(shown)
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('\n');
  },
});
