import type { QueueFigures } from '@codegen/sdk';
import { z } from 'zod';
import { queueInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { onQueue, redisErrors, withRedis } from '../../operations/on-redis.js';
import { renderFigures } from '../../render/queue.js';

export default defineCommand({
  id: 'queue.stats',
  summary: 'Show how full a queue is, or every one',
  effect: 'read',
  description:
    'Waiting: not given to any consumer yet. In work: given to one and not acknowledged. Delayed: put aside for a later ' +
    'try. Without a name, every stream that there is.',
  input: () =>
    z.object({
      ...queueInput(),
    }),
  examples: [
    'orchestrator queue stats',
    'orchestrator queue stats engineering:queue',
    'orchestrator queue stats worker:developer:w-1:input --json',
  ],
  failsWith: redisErrors,

  async run(input, context): Promise<{ items: QueueFigures[] }> {
    const { signal } = context;
    if (input.queue === undefined) {
      return { items: await withRedis(context, (client) => client.queues.stats(undefined, { signal })) };
    }
    const read = onQueue(context, input.queue, (client, queue) => client.queues.stats(queue, { signal }));
    return { items: await read };
  },

  render({ items }: { items: QueueFigures[] }, screen: Screen): string {
    return renderFigures(items, screen);
  },
});
