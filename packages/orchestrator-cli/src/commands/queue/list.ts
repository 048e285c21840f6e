import type { QueueSummary } from '@codegen/sdk';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { redisErrors, withRedis } from '../../operations/on-redis.js';
import { renderQueues } from '../../render/queue.js';

export default defineCommand({
  id: 'queue.list',
  summary: 'List the queues and what waits in them',
  effect: 'read',
  description:
    'Every stream of the contracts: a work queue with its group and what waits in it, or a log. A name with {…} stands ' +
    'for many streams, whose figures are added up. Needs a Redis URL.',
  examples: ['orchestrator queue list', 'orchestrator queue list --json'],
  failsWith: redisErrors,

  async run(_input, context): Promise<{ items: QueueSummary[] }> {
    const { signal } = context;
    return { items: await withRedis(context, (client) => client.queues.list({ signal })) };
  },

  render({ items }: { items: QueueSummary[] }, screen: Screen): string {
    return renderQueues(items, screen);
  },
});
