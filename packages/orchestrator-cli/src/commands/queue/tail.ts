import type { QueueEntry } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../../duration.js';
import { type Tailed, tailQueue } from '../../operations/tail-queue.js';
import { QueueCommand, queueArg } from '../../queue-command.js';
import { entryLine } from '../../render/queue.js';
import { openScreen, type Screen } from '../../render/screen.js';

/** Prints a queue's messages as they come. */
export default class QueueTail extends QueueCommand<Tailed> {
  static override description =
    'With --json each message is a line of JSON with its seq, and the last line is the envelope. Goes on when Redis ' +
    'comes back after an outage, and from an earlier place with --since SEQ (0: all there are). Takes nothing: what a ' +
    'consumer of a work queue handles at once may be missed.';
  static override args = queueArg;
  static override flags = {
    since: Flags.string({ description: 'Only messages after this seq; 0 for all', helpValue: 'SEQ' }),
    limit: Flags.integer({ description: 'End after so many messages', min: 1, helpValue: 'N' }),
    timeout: Flags.string({ description: 'End after so long', helpValue: '30s' }),
  };
  static override examples = [
    'orchestrator queue tail engineering:queue',
    'orchestrator queue tail worker:responses --since 0 --limit 20 --json',
    'orchestrator queue tail task:events --timeout 30s',
  ];

  async run(): Promise<Tailed> {
    const { args, flags } = await this.parse(QueueTail);
    const { since, limit } = flags;
    const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout, '--timeout');
    const { json, env, output, signal } = this.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (entry: QueueEntry) => output.out(`${json ? JSON.stringify(entry) : entryLine(entry, screen)}\n`);
    const lost = () => void output.err('Redis does not answer; trying again\n');
    return await this.onQueue(args.queue, flags, (client, queue) =>
      tailQueue(client, queue, { since, limit, timeoutMs, signal, print, lost }),
    );
  }

  render({ messages, last_seq, stream }: Tailed, { paint }: Screen): string {
    const count = `${messages} message${messages === 1 ? '' : 's'}`;
    const more =
      last_seq === null ? '' : `\n${paint.dim(`More: orchestrator queue tail ${stream} --since ${last_seq}`)}`;
    return paint.dim(count) + more;
  }
}
