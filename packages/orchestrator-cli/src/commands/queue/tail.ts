import type { QueueEntry } from '@codegen/sdk';
import { z } from 'zod';
import { optionalDuration } from '../../input/duration.js';
import { queueInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { openScreen, type Screen } from '../../kit/screen.js';
import { onQueue, redisErrors } from '../../operations/on-redis.js';
import { type Tailed, tailQueue } from '../../operations/tail-queue.js';
import { entryLine } from '../../render/queue.js';

export default defineCommand({
  id: 'queue.tail',
  summary: "Print a queue's messages as they come",
  effect: 'read',
  description:
    'With --json each message is a line of JSON with its seq, and the last line is the envelope. Goes on when Redis ' +
    'comes back after an outage, and from an earlier place with --since SEQ (0: all there are). Takes nothing: what a ' +
    'consumer of a work queue handles at once may be missed.',
  input: () =>
    z.object({
      ...queueInput(),
      since: z.string().optional().meta({ description: 'Only messages after this seq; 0 for all', value: 'SEQ' }),
      limit: z.int().min(1).optional().meta({ description: 'End after so many messages', value: 'N' }),
      timeout: z.string().optional().meta({ description: 'End after so long', value: '30s' }),
    }),
  examples: [
    'orchestrator queue tail engineering:queue',
    'orchestrator queue tail worker:responses --since 0 --limit 20 --json',
    'orchestrator queue tail task:events --timeout 30s',
  ],
  failsWith: redisErrors,

  async run(input, context): Promise<Tailed> {
    const { since, limit } = input;
    const timeoutMs = optionalDuration(input.timeout, '--timeout');
    const { json, env, output, signal } = context.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (entry: QueueEntry) => output.out(`${json ? JSON.stringify(entry) : entryLine(entry, screen)}\n`);
    const lost = () => void output.err('Redis does not answer; trying again\n');
    return await onQueue(context, input.queue, (client, queue) =>
      tailQueue(client, queue, { since, limit, timeoutMs, signal, print, lost }),
    );
  },

  render({ messages, last_seq, stream }: Tailed, { paint }: Screen): string {
    const count = `${messages} message${messages === 1 ? '' : 's'}`;
    const more =
      last_seq === null ? '' : `\n${paint.dim(`More: orchestrator queue tail ${stream} --since ${last_seq}`)}`;
    return paint.dim(count) + more;
  },
});
