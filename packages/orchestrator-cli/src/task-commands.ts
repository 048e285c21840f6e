import type { Task, TaskType } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from './base-command.js';
import { parseDuration } from './duration.js';
import { findTask } from './operations/find-task.js';
import { followToEnd, withoutSpec } from './operations/follow-to-end.js';
import { tellMissing } from './operations/tell-missing.js';
import type { Screen } from './render/screen.js';
import { renderStarted } from './render/started.js';
import { renderTask } from './render/task.js';

const args = {
  task: Args.string({ description: 'Id; without it, the latest of the project', ignoreStdin: true }),
};
const project = Flags.string({ description: 'Take the latest task of this project (ORCHESTRATOR_PROJECT)' });

/** `<type> status`: a task as it is now. */
export abstract class StatusCommand extends BaseCommand<Task> {
  static override args = args;
  static override flags = { project };
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;
  protected abstract readonly type: TaskType;

  async run(): Promise<Task> {
    const { args, flags } = await this.parse(StatusCommand);
    const { client, settings } = await this.client(flags);
    const wanted = { id: args.task, project: settings.project, type: this.type };
    const { task } = await findTask(client, wanted, this.signal);
    this.runtime.meta.correlation_id = task.correlation_id;
    await tellMissing(client, task, this.runtime);
    return withoutSpec(task);
  }

  render(task: Task, screen: Screen): string {
    return renderTask(task, screen);
  }
}

/** `<type> wait`: follows a task, and ends as the task does. */
export abstract class WaitCommand extends BaseCommand<Task> {
  static override description =
    'Exits by how the task ends: 0 when it completed, 1 when it failed or was cancelled, 8 when --timeout came first. ' +
    'Ctrl-C lets go of the task and never cancels it; wait again whenever you like, from any machine.';
  static override args = args;
  static override flags = {
    project,
    timeout: Flags.string({ description: 'Wait no longer than this', helpValue: '15m' }),
  };
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'] as const;
  protected abstract readonly type: TaskType;

  async run(): Promise<Task> {
    const { args, flags } = await this.parse(WaitCommand);
    const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout, '--timeout');
    const { client, settings } = await this.client(flags);
    const wanted = { id: args.task, project: settings.project, type: this.type };
    const handle = await findTask(client, wanted, this.signal);
    this.runtime.meta.correlation_id = handle.task.correlation_id;
    return await followToEnd(client, handle, this.runtime, { timeoutMs, quiet: flags.quiet });
  }

  render(task: Task, screen: Screen): string {
    return renderStarted(task, screen);
  }
}
