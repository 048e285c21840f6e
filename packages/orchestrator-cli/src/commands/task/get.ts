import type { Task } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { pickFields, readFields } from '../../fields.js';
import { tellMissing } from '../../operations/tell-missing.js';
import { inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderTask } from '../../render/task.js';

/** Shows a task with its spec and result. */
export default class TaskGet extends BaseCommand<Partial<Task>> {
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = {
    fields: Flags.string({ description: 'Only these fields, separated by commas (JSON)', helpValue: 'A,B' }),
  };
  static override examples = [
    'orchestrator task get task_0198…',
    'orchestrator task get task_0198… --fields status,result --json',
  ];
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;

  async run(): Promise<Partial<Task>> {
    const { args, flags } = await this.parse(TaskGet);
    if (args.task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    const { client } = await this.client(flags);
    const task = await client.tasks.get(args.task, { signal: this.signal });
    this.runtime.meta.correlation_id = task.correlation_id;
    await tellMissing(client, task, this.runtime);
    this.fields = readFields(flags.fields, Object.keys(task));
    return pickFields(task, this.fields);
  }

  render(shown: Partial<Task>, screen: Screen): string {
    if (!this.fields) return renderTask(shown as Task, screen, { whole: true });
    return Object.entries(shown)
      .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join('\n');
  }
}
