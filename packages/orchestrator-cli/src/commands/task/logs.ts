import type { TaskEvent } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { type LogPage, readLog } from '../../operations/read-log.js';
import { followEvents } from '../../operations/watch-task.js';
import { inputRequired } from '../../prompts.js';
import { openScreen, type Screen } from '../../render/screen.js';
import { logEntry, renderLog } from '../../render/task-log.js';

/** What following a log came to. */
interface Followed {
  id: string;
  status: string;
  last_seq: number;
}

/** Prints what has happened in a task. */
export default class TaskLogs extends BaseCommand<LogPage | Followed> {
  static override description =
    'With --follow it goes on to the end of the task. Exits with 0 then, however that ends; task watch exits by it. With ' +
    '--follow and --json each event is a line of JSON with its seq, and the last line is the envelope.';
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = {
    follow: Flags.boolean({ description: 'Go on with what comes, to the last event' }),
    full: Flags.boolean({ description: 'Every line of what an event says, such as the output of tests' }),
    since: Flags.integer({ description: 'Only events after this seq', min: 0, default: 0, helpValue: 'SEQ' }),
    limit: Flags.integer({
      description: 'Events to show; without it, all',
      min: 1,
      helpValue: 'N',
      exclusive: ['follow'],
    }),
  };
  static override examples = [
    'orchestrator task logs task_0198…',
    'orchestrator task logs task_0198… --follow',
    'orchestrator task logs task_0198… --since 17 --limit 100 --json',
  ];
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  private full = false;
  private task = '';

  async run(): Promise<LogPage | Followed> {
    const { args, flags } = await this.parse(TaskLogs);
    if (args.task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    this.full = flags.full;
    this.task = args.task;
    const { client } = await this.client(flags);
    if (flags.follow) return await this.follow(client, args.task, flags);
    return await readLog(client, args.task, { since: flags.since, limit: flags.limit, signal: this.signal });
  }

  render(log: LogPage | Followed, screen: Screen): string {
    if (!('items' in log)) return '';
    if (log.items.length === 0) {
      return screen.paint.dim(
        log.last_seq > 0 ? `Nothing has happened after ${log.last_seq}.` : 'Nothing has happened yet.',
      );
    }
    const more = log.more
      ? `\n${screen.paint.dim(paste`More: orchestrator task logs ${this.task} --since ${log.last_seq}`)}`
      : '';
    return renderLog(log.items, screen, { full: this.full }) + more;
  }

  private async follow(
    client: Orchestrator,
    id: string,
    { since, full, quiet }: { since: number; full?: boolean; quiet?: boolean },
  ): Promise<Followed> {
    const { json, env, output, signal } = this.runtime;
    const handle = await client.tasks.handle(id, { signal });
    this.runtime.meta.correlation_id = handle.task.correlation_id;
    const screen = await openScreen(process.stdout, env);
    const print = (event: TaskEvent) => output.out(`${json ? JSON.stringify(event) : logEntry(event, screen, full)}\n`);
    const lost = () => void (quiet || output.err('The API does not answer; trying again\n'));
    const command = paste`orchestrator task logs ${id} --follow`;
    const last_seq = await followEvents(handle, { since, signal, print, lost }, command);
    const { status } = await client.tasks.get(id, { signal });
    return { id, status, last_seq };
  }
}
