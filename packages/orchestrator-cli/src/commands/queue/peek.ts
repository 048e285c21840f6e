import type { QueuePeek as Peeked } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { QueueCommand, queueArg } from '../../queue-command.js';
import { renderPeek } from '../../render/queue.js';
import type { Screen } from '../../render/screen.js';

/** Shows the next messages of a queue. */
export default class QueuePeek extends QueueCommand<Peeked> {
  static override description =
    'Of a work queue those that no consumer was given yet, the next one first; of a log the newest. Takes nothing. ' +
    'Secrets are redacted; what is no message is shown as it is, with what is wrong.';
  static override args = queueArg;
  static override flags = {
    limit: Flags.integer({ description: 'Messages to show, up to 500', min: 1, max: 500, default: 10, helpValue: 'N' }),
  };
  static override examples = [
    'orchestrator queue peek engineering:queue',
    'orchestrator queue peek worker:responses --limit 3 --json',
  ];

  async run(): Promise<Peeked> {
    const { args, flags } = await this.parse(QueuePeek);
    const { signal } = this;
    const { limit } = flags;
    return await this.onQueue(args.queue, flags, (client, queue) => client.queues.peek(queue, { limit, signal }));
  }

  render(peeked: Peeked, screen: Screen): string {
    return renderPeek(peeked, screen);
  }
}
