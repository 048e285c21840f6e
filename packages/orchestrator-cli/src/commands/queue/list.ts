import type { QueueSummary } from '@codegen/sdk';
import { RedisCommand } from '../../redis-command.js';
import { renderQueues } from '../../render/queue.js';
import type { Screen } from '../../render/screen.js';

/** Lists the queues. */
export default class QueueList extends RedisCommand<{ items: QueueSummary[] }> {
  static override description =
    'Every stream of the contracts: a work queue with its group and what waits in it, or a log. A name with {…} stands ' +
    'for many streams, whose figures are added up. Needs a Redis URL.';
  static override examples = ['orchestrator queue list', 'orchestrator queue list --json'];

  async run(): Promise<{ items: QueueSummary[] }> {
    const { flags } = await this.parse(QueueList);
    const { signal } = this;
    return { items: await this.withClient(flags, (client) => client.queues.list({ signal })) };
  }

  render({ items }: { items: QueueSummary[] }, screen: Screen): string {
    return renderQueues(items, screen);
  }
}
