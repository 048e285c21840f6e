import type { QueueFigures } from '@codegen/sdk';
import { QueueCommand, queueArg } from '../../queue-command.js';
import { renderFigures } from '../../render/queue.js';
import type { Screen } from '../../render/screen.js';

/** Shows how full queues are. */
export default class QueueStats extends QueueCommand<{ items: QueueFigures[] }> {
  static override description =
    'Waiting: not given to any consumer yet. In work: given to one and not acknowledged. Delayed: put aside for a later ' +
    'try. Without a name, every stream that there is.';
  static override args = queueArg;
  static override examples = [
    'orchestrator queue stats',
    'orchestrator queue stats engineering:queue',
    'orchestrator queue stats worker:developer:w-1:input --json',
  ];

  async run(): Promise<{ items: QueueFigures[] }> {
    const { args, flags } = await this.parse(QueueStats);
    const { signal } = this;
    if (args.queue === undefined) {
      return { items: await this.withClient(flags, (client) => client.queues.stats(undefined, { signal })) };
    }
    const read = this.onQueue(args.queue, flags, (client, queue) => client.queues.stats(queue, { signal }));
    return { items: await read };
  }

  render({ items }: { items: QueueFigures[] }, screen: Screen): string {
    return renderFigures(items, screen);
  }
}
