import type { DeadLetterItem } from '@codegen/sdk';
import { z } from 'zod';
import { listInput, queueInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { renderList } from '../../../kit/list.js';
import { pickFields, splitNames } from '../../../kit/parse.js';
import type { Screen } from '../../../kit/screen.js';
import { onQueue, redisErrors } from '../../../operations/on-redis.js';
import { letterColumns } from '../../../render/queue.js';

/** Names of a dead letter's fields; the compiler sees that all are there. */
const FIELDS: Record<keyof DeadLetterItem, true> = {
  id: true,
  added_at: true,
  code: true,
  error: true,
  error_type: true,
  attempts: true,
  service: true,
  correlation_id: true,
  refusal: true,
  message: true,
  fields: true,
};

interface Letters {
  items: Partial<DeadLetterItem>[];
  next_cursor: string | null;
}

export default defineCommand({
  id: 'queue.dlq.list',
  summary: "List a queue's dead letters and why they are",
  effect: 'read',
  description:
    'Messages that could not be handled, oldest first, with why and how often they were tried. With --json each has ' +
    'its message too. Secrets are redacted.',
  input: () =>
    z.object({
      ...queueInput(),
      ...listInput(Object.keys(FIELDS)),
    }),
  examples: [
    'orchestrator queue dlq list engineering:queue',
    'orchestrator queue dlq list worker:commands --fields id,code,message --json',
  ],
  failsWith: redisErrors,

  async run(input, context): Promise<Letters> {
    const { limit, cursor } = input;
    const { signal } = context;
    const page = await onQueue(context, input.queue, (client, queue) =>
      client.queues.deadLetters(queue, { limit, cursor, signal }),
    );
    return { ...page, items: page.items.map((letter) => pickFields(letter, splitNames(input.fields))) };
  },

  render(page: Letters, screen: Screen, context): string {
    const view = {
      columns: letterColumns(screen),
      fields: splitNames(context.input.fields),
      empty: 'No dead letters.',
    };
    return renderList(page as { items: DeadLetterItem[]; next_cursor: string | null }, view, screen);
  },
});
