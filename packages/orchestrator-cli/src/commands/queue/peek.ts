import type { QueuePeek as Peeked } from '@codegen/sdk';
import { z } from 'zod';
import { queueInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { onQueue, redisErrors } from '../../operations/on-redis.js';
import { renderPeek } from '../../render/queue.js';

export default defineCommand({
  id: 'queue.peek',
  summary: 'Show the next messages of a queue without taking them',
  effect: 'read',
  description:
    'Of a work queue those that no consumer was given yet, the next one first; of a log the newest. Takes nothing. ' +
    'Secrets are redacted; what is no message is shown as it is, with what is wrong.',
  input: () =>
    z.object({
      ...queueInput(),
      limit: z.int().min(1).max(500).default(10).meta({ description: 'Messages to show, up to 500', value: 'N' }),
    }),
  examples: ['orchestrator queue peek engineering:queue', 'orchestrator queue peek worker:responses --limit 3 --json'],
  failsWith: redisErrors,

  async run(input, context): Promise<Peeked> {
    const { signal } = context;
    const { limit } = input;
    return await onQueue(context, input.queue, (client, queue) => client.queues.peek(queue, { limit, signal }));
  },

  render(peeked: Peeked, screen: Screen): string {
    return renderPeek(peeked, screen);
  },
});
