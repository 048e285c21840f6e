import type { User } from '@codegen/contracts';
import { z } from 'zod';
import { changeInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { renderUser } from '../../render/user.js';
import { withListOfUsers } from './disable.js';

export default defineCommand({
  id: 'user.enable',
  summary: "As an administrator: let a disabled user's keys work again",
  effect: 'change',
  forAdmins: true,
  description:
    'For administrators. The keys that the user had work again, but for those that were revoked or have expired.',
  input: () =>
    z.object({
      user: z.string().meta({ positional: true, description: 'Id of the user, from user list' }),
      ...changeInput(),
    }),
  examples: ['orchestrator user enable user_0198…'],
  failsWith: ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<User> {
    const { client } = await context.client();
    const idempotencyKey = context.idempotencyKey();
    return await client.users.enable(input.user, { signal: context.signal, idempotencyKey }).catch(withListOfUsers);
  },

  render(user: User, screen: Screen): string {
    return renderUser(user, screen);
  },
});
