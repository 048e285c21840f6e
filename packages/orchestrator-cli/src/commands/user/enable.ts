import type { User } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderUser } from '../../render/user.js';
import { changeFlags } from '../../start-flags.js';
import { withListOfUsers } from './disable.js';

/** Lets a disabled user in again. */
export default class UserEnable extends BaseCommand<User> {
  static override description =
    'For administrators. The keys that the user had work again, but for those that were revoked or have expired.';
  static override args = { user: Args.string({ description: 'Id of the user, from user list', ignoreStdin: true }) };
  static override flags = { ...changeFlags };
  static override examples = ['orchestrator user enable user_0198…'];
  static override failsWith = ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UserEnable);
    if (args.user === undefined) throw inputRequired([{ name: 'USER', question: 'User:' }]);
    const { client } = await this.client(flags);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key']);
    return await client.users.enable(args.user, { signal: this.signal, idempotencyKey }).catch(withListOfUsers);
  }

  render(user: User, screen: Screen): string {
    return renderUser(user, screen);
  }
}
