import type { User } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { confirm, inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderUser } from '../../render/user.js';
import { changeFlags, yesFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** Disables a user. */
export default class UserDisable extends BaseCommand<User> {
  static override description =
    'For administrators. None of the keys of the user works from then on, also where one waits for news of a task; a ' +
    'service with one of them ends. Tasks go on, projects stay, and so do keys that the user made for others. You ' +
    'cannot disable yourself or the last administrator.';
  static override args = { user: Args.string({ description: 'Id of the user, from user list', ignoreStdin: true }) };
  static override flags = { ...yesFlag, ...changeFlags };
  static override examples = ['orchestrator user disable user_0198…', 'orchestrator user disable user_0198… --yes'];
  static override failsWith = ['NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UserDisable);
    const { user } = args;
    if (user === undefined) throw inputRequired([{ name: 'USER', question: 'User:' }]);
    const { client } = await this.client(flags);
    const command = paste`orchestrator user disable ${user}`;
    const asking = {
      yes: flags.yes,
      mayAsk: this.mayPrompt(flags),
      command,
      signal: this.signal,
      because: 'their keys stop working at once',
    };
    await confirm(`Disable ${user}? None of their keys works from then on.`, asking);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key']);
    return await client.users.disable(user, { signal: this.signal, idempotencyKey }).catch(withListOfUsers);
  }

  render(user: User, screen: Screen): string {
    const next = paste`orchestrator user enable ${user.id}`;
    return `${renderUser(user, screen)}\n\nTo let them in again: ${next}`;
  }
}

/** The same error; for an id that nobody has, with how to find the right one. */
export function withListOfUsers(error: unknown): never {
  if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
  throw withNext(error, [{ command: 'orchestrator user list', when: 'to see the ids of users' }]);
}
