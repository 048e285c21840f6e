import type { PublishedMessage } from '@codegen/sdk';
import { z } from 'zod';
import { readMessage } from '../../input/document.js';
import { queueInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { absent, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { onQueue, redisErrors } from '../../operations/on-redis.js';
import { renderPublished } from '../../render/queue.js';

export default defineCommand({
  id: 'queue.publish',
  summary: 'Check a message and put it into a queue',
  effect: 'change',
  description:
    'The message is checked against the contract of the queue first; what the contract has a default for may be left ' +
    'out. Secrets in plain are refused: send references. A repeated call with the same key is one message, for a day.',
  input: () =>
    z.object({
      ...queueInput(),
      input: z
        .string()
        .optional()
        .meta({ description: 'The message as JSON, from a file or standard input (-)', value: 'FILE' }),
      set: z
        .array(z.string())
        .optional()
        .meta({ description: 'A field of the message; may be given again, wins over --input', value: 'NAME=VALUE' }),
      dry_run: z.boolean().optional().meta({ description: 'Only check the message' }),
      idempotency_key: z.string().optional().meta({
        description: 'Makes a repeated call the same message; in CI it follows from run, command and input',
        value: 'KEY',
      }),
    }),
  examples: [
    'orchestrator queue publish engineering:queue --input message.json',
    'orchestrator queue publish deploy:queue --set task_id=task_1 --set project_id=proj_1 --set user_id=0 --dry-run',
    'orchestrator queue publish worker:responses --input - --json < answer.json',
  ],
  failsWith: [...redisErrors, 'VALIDATION_FAILED', 'IDEMPOTENCY_MISMATCH'],

  async run(input, context): Promise<PublishedMessage> {
    const { signal } = context;
    if (input.input === undefined && !input.set) {
      throw inputRequired([...absent({ QUEUE: input.queue }), absent({ '--input': undefined, '--set': undefined })]);
    }
    return await onQueue(context, input.queue, async (client, queue) => {
      const { message, fields } = await readMessage(input, signal);
      const idempotencyKey = context.idempotencyKey({ queue, message, fields });
      const options = { fields, dryRun: input.dry_run, idempotencyKey, signal };
      const published = await client.queues.publish(queue, message, options);
      const { warnings, meta } = context.runtime;
      meta.correlation_id = String(published.message.correlation_id ?? meta.correlation_id);
      const unknown = published.ignored_fields;
      if (unknown.length > 0) warnings.push(`the contract knows no field ${unknown.join(', ')}: left out`);
      if (published.request_id === null) delete meta.idempotency_key;
      if (published.request_id === null && input.idempotency_key !== undefined) {
        warnings.push(`messages of ${queue} are not told apart by a key: a repeated call adds another one`);
      }
      if (published.duplicate) context.onReplay();
      return published;
    });
  },

  render(published: PublishedMessage, screen: Screen): string {
    return renderPublished(published, screen);
  },
});
