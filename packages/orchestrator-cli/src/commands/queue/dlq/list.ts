import type { DeadLetterItem } from '@codegen/sdk';
import { z } from 'zod';
import { defineCommand } from '../../../kit/define-command.js';
import { pickFields, splitNames } from '../../../kit/parse.js';
import { listInput, queueInput } from '../../../kit/shared-input.js';
import { onQueue, redisErrors } from '../../../operations/on-redis.js';
import { renderList } from '../../../render/list.js';
import { letterColumns } from '../../../render/queue.js';
import type { Screen } from '../../../render/screen.js';

/** Names of a dead letter's fields, for `--fields`. */
const FIELDS = [
  'id',
  'added_at',
  'code',
  'error',
  'error_type',
  'attempts',
  'service',
  'correlation_id',
  'refusal',
  'message',
  'fields',
];

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
      ...listInput(FIELDS),
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
