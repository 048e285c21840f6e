import type { Task } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { absent, confirm, inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderTask } from '../../render/task.js';
import { changeFlags, yesFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** Ends a task that is stuck. */
export default class TaskFail extends BaseCommand<Task> {
  static override description =
    'For an administrator, where task cancel does not help. The task fails at once and its project is free for the next ' +
    'one; whatever still works on it is refused from then on. Who waits for it or watches it ends with 1 and the reason. ' +
    'A failed task can be started again with task retry.';
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = {
    reason: Flags.string({ description: 'Why, for whoever watches the task' }),
    ...yesFlag,
    ...changeFlags,
  };
  static override examples = [
    'orchestrator task fail task_0198… --reason "the server is gone"',
    'orchestrator task fail task_0198… --reason "the server is gone" --yes',
  ];
  static override failsWith = ['TASK_NOT_FOUND', 'TASK_ENDED', 'FORBIDDEN', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Task> {
    const { args, flags } = await this.parse(TaskFail);
    const { task } = args;
    const reason = flags.reason?.trim() || undefined;
    if (task === undefined || reason === undefined) throw inputRequired(absent({ TASK: task, '--reason': reason }));
    const { client } = await this.client(flags);
    const command = paste`orchestrator task fail ${task} --reason ${reason}`;
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal };
    await confirm(`Fail ${task}? What works on it is cut off.`, { yes: flags.yes, command, ...asking });
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key']) };
    return await client.tasks.fail(task, { reason }, call).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'TASK_ENDED') throw error;
      throw withNext(error, [{ command: paste`orchestrator task get ${task}`, when: 'to see how it ended' }]);
    });
  }

  render(task: Task, screen: Screen): string {
    const next = `${screen.paint.bold('Next:')} ${paste`orchestrator task retry ${task.id}`}`;
    return `${renderTask(task, screen)}\n${next}`;
  }
}
