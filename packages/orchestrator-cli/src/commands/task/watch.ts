import type { TaskEvent } from '@codegen/contracts';
import { z } from 'zod';
import { taskInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { openScreen, type Screen } from '../../kit/screen.js';
import { watchTask } from '../../operations/watch-task.js';
import { eventLine } from '../../progress/plain-progress.js';
import { paintStatus } from '../../render/status.js';

/** What watching came to. */
interface Watched {
  id: string;
  status: string;
  last_seq: number;
}

export default defineCommand({
  id: 'task.watch',
  summary: "Print a task's events as they happen",
  effect: 'read',
  description:
    'With --json each event is a line of JSON with its seq, and the last line is the envelope. ' +
    'Go on after an interruption with --since SEQ. Exits by how the task ends.',
  input: () =>
    z.object({
      ...taskInput(),
      since: z.int().min(0).default(0).meta({ description: 'Only events after this seq', value: 'SEQ' }),
    }),
  examples: ['orchestrator task watch task_0198…', 'orchestrator task watch task_0198… --since 17 --json'],
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Watched> {
    const { client } = await context.client();
    const handle = await client.tasks.handle(input.task, { signal: context.signal });
    context.runtime.meta.correlation_id = handle.task.correlation_id;
    const { json, env, output, signal } = context.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (event: TaskEvent) => output.out(`${json ? JSON.stringify(event) : eventLine(event, screen)}\n`);
    const lost = () => void (input.quiet || output.err('The API does not answer; trying again\n'));
    const { task, lastSeq } = await watchTask(handle, { since: input.since, signal, print, lost });
    return { id: task.id, status: task.status, last_seq: lastSeq };
  },

  render({ status }: Watched, screen: Screen): string {
    return paintStatus(status, status, screen);
  },
});
