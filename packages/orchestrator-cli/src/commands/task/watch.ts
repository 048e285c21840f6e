import type { TaskEvent } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { watchTask } from '../../operations/watch-task.js';
import { eventLine } from '../../progress/plain-progress.js';
import { inputRequired } from '../../prompts.js';
import { openScreen, type Screen } from '../../render/screen.js';
import { paintStatus } from '../../render/status.js';

/** What watching came to. */
interface Watched {
  id: string;
  status: string;
  last_seq: number;
}

/** Prints a task's events as they happen. */
export default class TaskWatch extends BaseCommand<Watched> {
  static override description =
    'With --json each event is a line of JSON with its seq, and the last line is the envelope. ' +
    'Go on after an interruption with --since SEQ. Exits by how the task ends.';
  static override args = { task: Args.string({ description: 'Id of the task', ignoreStdin: true }) };
  static override flags = {
    since: Flags.integer({ description: 'Only events after this seq', min: 0, default: 0, helpValue: 'SEQ' }),
  };
  static override examples = [
    'orchestrator task watch task_0198…',
    'orchestrator task watch task_0198… --since 17 --json',
  ];
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Watched> {
    const { args, flags } = await this.parse(TaskWatch);
    if (args.task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    const { client } = await this.client(flags);
    const handle = await client.tasks.handle(args.task, { signal: this.signal });
    this.runtime.meta.correlation_id = handle.task.correlation_id;
    const { json, env, output, signal } = this.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (event: TaskEvent) => output.out(`${json ? JSON.stringify(event) : eventLine(event, screen)}\n`);
    const lost = () => void (flags.quiet || output.err('The API does not answer; trying again\n'));
    const { task, lastSeq } = await watchTask(handle, { since: flags.since, signal, print, lost });
    return { id: task.id, status: task.status, last_seq: lastSeq };
  }

  render({ status }: Watched, screen: Screen): string {
    return paintStatus(status, status, screen);
  }
}
