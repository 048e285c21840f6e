import type { User } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, yesInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { confirm } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { renderUser } from '../../render/user.js';

export default defineCommand({
  id: 'user.disable',
  summary: "As an administrator: have none of a user's keys work",
  effect: 'change',
  forAdmins: true,
  description:
    'For administrators. None of the keys of the user works from then on, also where one waits for news of a task; a ' +
    'service with one of them ends. Tasks go on, projects stay, and so do keys that the user made for others. You ' +
    'cannot disable yourself or the last administrator.',
  input: () =>
    z.object({
      user: z.string().meta({ positional: true, description: 'Id of the user, from user list' }),
      ...yesInput(),
      ...changeInput(),
    }),
  examples: ['orchestrator user disable user_0198…', 'orchestrator user disable user_0198… --yes'],
  failsWith: ['NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<User> {
    const { user } = input;
    const { client } = await context.client();
    const command = paste`orchestrator user disable ${user}`;
    const asking = {
      yes: input.yes,
      mayAsk: context.mayPrompt,
      command,
      signal: context.signal,
      because: 'their keys stop working at once',
    };
    await confirm(`Disable ${user}? None of their keys works from then on.`, asking);
    const idempotencyKey = context.idempotencyKey();
    return await client.users.disable(user, { signal: context.signal, idempotencyKey }).catch(withListOfUsers);
  },

  render(user: User, screen: Screen): string {
    const next = paste`orchestrator user enable ${user.id}`;
    return `${renderUser(user, screen)}\n\nTo let them in again: ${next}`;
  },
});

/** The same error; for an id that nobody has, with how to find the right one. */
export function withListOfUsers(error: unknown): never {
  if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
  throw withNext(error, [{ command: 'orchestrator user list', when: 'to see the ids of users' }]);
}
