import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import { inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderStarted } from '../../render/started.js';
import { creationFlags, waitFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** Starts a failed or cancelled task again. */
export default class TaskRetry extends BaseCommand<StartedTask> {
  static override description =
    'The same task, with the same spec, goes back in line as its next attempt. ' +
    'Without --wait the command returns the task at once.';
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = { ...waitFlag, 'idempotency-key': creationFlags['idempotency-key'] };
  static override optionalValues = ['wait'];
  static override examples = ['orchestrator task retry task_0198…', 'orchestrator task retry task_0198… --wait=15m'];
  static override failsWith = ['TASK_NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'] as const;

  async run(): Promise<StartedTask> {
    const { args, flags } = await this.parse(TaskRetry);
    const { task } = args;
    if (task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    const { client } = await this.client(flags);
    // Each attempt can be retried once by a job, however often the step is repeated meanwhile: where none has failed now,
    // it was the one before.
    const about = this.derivesKey(flags['idempotency-key'])
      ? await client.tasks.get(task, { signal: this.signal })
      : undefined;
    const hasFailed = about?.status === 'failed' || about?.status === 'cancelled';
    const input = { task, attempt: about && (hasFailed ? about.attempt : about.attempt - 1) };
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key'], input) };
    const start = () =>
      client.tasks.retry(task, call).catch((error: unknown) => {
        if (!isOrchestratorError(error) || error.code !== 'CONFLICT') throw error;
        throw withNext(error, [{ command: paste`orchestrator task get ${task}`, when: 'to see how it stands' }]);
      });
    return await startAndFollow(client, { start }, this.runtime, flags);
  }

  render(task: StartedTask, screen: Screen): string {
    return renderStarted(task, screen);
  }
}
