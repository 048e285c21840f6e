import type { TaskEvent } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { taskInput } from '../../input/fields.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { openScreen, type Screen } from '../../kit/screen.js';
import { type LogPage, readLog } from '../../operations/read-log.js';
import { followEvents } from '../../operations/watch-task.js';
import { logEntry, renderLog } from '../../render/task-log.js';

/** What following a log came to. */
interface Followed {
  id: string;
  status: string;
  last_seq: number;
}

export default defineCommand({
  id: 'task.logs',
  summary: 'Print what has happened in a task',
  effect: 'read',
  description:
    'With --follow it goes on to the end of the task. Exits with 0 then, however that ends; task watch exits by it. With ' +
    '--follow and --json each event is a line of JSON with its seq, and the last line is the envelope.',
  input: () =>
    z.object({
      ...taskInput(),
      follow: z.boolean().optional().meta({ description: 'Go on with what comes, to the last event' }),
      full: z
        .boolean()
        .optional()
        .meta({ description: 'Every line of what an event says, such as the output of tests' }),
      since: z.int().min(0).default(0).meta({ description: 'Only events after this seq', value: 'SEQ' }),
      limit: z
        .int()
        .min(1)
        .optional()
        .meta({ description: 'Events to show; without it, all', value: 'N', excludes: ['follow'] }),
    }),
  examples: [
    'orchestrator task logs task_0198…',
    'orchestrator task logs task_0198… --follow',
    'orchestrator task logs task_0198… --since 17 --limit 100 --json',
  ],
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<LogPage | Followed> {
    const { client } = await context.client();
    if (input.follow) return await follow(context, client, input.task, input);
    return await readLog(client, input.task, { since: input.since, limit: input.limit, signal: context.signal });
  },

  render(log: LogPage | Followed, screen: Screen, { input }): string {
    if (!('items' in log)) return '';
    if (log.items.length === 0) {
      return screen.paint.dim(
        log.last_seq > 0 ? `Nothing has happened after ${log.last_seq}.` : 'Nothing has happened yet.',
      );
    }
    const more = log.more
      ? `\n${screen.paint.dim(paste`More: orchestrator task logs ${input.task} --since ${log.last_seq}`)}`
      : '';
    return renderLog(log.items, screen, { full: input.full }) + more;
  },
});

async function follow(
  context: Context,
  client: Orchestrator,
  id: string,
  { since, full, quiet }: { since: number; full?: boolean | undefined; quiet?: boolean | undefined },
): Promise<Followed> {
  const { json, env, output, signal } = context.runtime;
  const handle = await client.tasks.handle(id, { signal });
  context.runtime.meta.correlation_id = handle.task.correlation_id;
  const screen = await openScreen(process.stdout, env);
  const print = (event: TaskEvent) => output.out(`${json ? JSON.stringify(event) : logEntry(event, screen, full)}\n`);
  const lost = () => void (quiet || output.err('The API does not answer; trying again\n'));
  const command = paste`orchestrator task logs ${id} --follow`;
  const last_seq = await followEvents(handle, { since, signal, print, lost }, command);
  const { status } = await client.tasks.get(id, { signal });
  return { id, status, last_seq };
}
