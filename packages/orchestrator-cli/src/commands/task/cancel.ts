import type { Task } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { cancelTask } from '../../operations/cancel-task.js';
import { inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderTask } from '../../render/task.js';
import { changeFlags, waitFlag } from '../../start-flags.js';

/** Asks for a task's end. */
export default class TaskCancel extends BaseCommand<Task> {
  static override description =
    'The task is asked to end and does so at its next step; with --wait the command ends when the task has. ' +
    'A cancelled task can be started again with task retry.';
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = { ...waitFlag, ...changeFlags };
  static override optionalValues = ['wait'];
  static override examples = ['orchestrator task cancel task_0198…', 'orchestrator task cancel task_0198… --wait=2m'];
  static override failsWith = ['TASK_NOT_FOUND', 'TASK_ENDED', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'] as const;

  async run(): Promise<Task> {
    const { args, flags } = await this.parse(TaskCancel);
    if (args.task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    const { client } = await this.client(flags);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key']);
    return await cancelTask(client, args.task, this.runtime, { ...flags, idempotencyKey });
  }

  render(task: Task, screen: Screen): string {
    const text = renderTask(task, screen);
    if (task.status === 'cancelled') return text;
    const next = `${screen.paint.bold('Next:')} ${paste`orchestrator task watch ${task.id}`}`;
    return `${text}\n${screen.paint.dim('It was asked to end, and does so at its next step.')}\n${next}`;
  }
}
