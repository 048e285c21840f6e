import type { CreateUser, User } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { readPayload } from '../../input/document.js';
import { ciKeyInput, documentInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { oneLine } from '../../kit/text.js';

export default defineCommand({
  id: 'user.create',
  summary: 'As an administrator: add a user',
  effect: 'change',
  forAdmins: true,
  description:
    'For administrators. Projects belong to users, and everybody sees their own; a key for the new one comes from ' +
    'auth key create --user.',
  input: () =>
    z.object({
      name: z.string().optional().meta({ positional: true, description: 'What people call the user' }),
      telegram_id: z.int().optional().meta({ description: 'Their Telegram id, which messages call user_id' }),
      ...documentInput(),
      ...ciKeyInput(),
    }),
  examples: ['orchestrator user create Ann', 'orchestrator user create Ann --json'],
  failsWith: ['VALIDATION_FAILED', 'CONFLICT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<User> {
    const payload = await readPayload<CreateUser>(input.input, ({ createUser }) => createUser, context.signal);
    const telegramId = input.telegram_id;
    const body = {
      ...payload,
      name: input.name ?? payload.name ?? (await context.ask({ name: 'NAME', question: 'What are they called?' })),
      ...(telegramId !== undefined && { telegram_id: telegramId }),
    };
    const { client } = await context.client();
    const idempotencyKey = context.idempotencyKey(body);
    return await client.users.create(body, { signal: context.signal, idempotencyKey });
  },

  render({ id, name }: User, { paint }: Screen): string {
    const next = paste`orchestrator auth key create NAME --user ${id}`;
    return `${paint.green('added')}  ${oneLine(name ?? id)}  ${id}\n\nNext: ${next}`;
  },
});
