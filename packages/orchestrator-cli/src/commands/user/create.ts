import type { CreateUser, User } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { readPayload } from '../../operations/read-payload.js';
import { ask, inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { oneLine } from '../../render/text.js';
import { creationFlags } from '../../start-flags.js';

/** Adds a user. */
export default class UserCreate extends BaseCommand<User> {
  static override description =
    'For administrators. Projects belong to users, and everybody sees their own; a key for the new one comes from ' +
    'auth key create --user.';
  static override args = {
    name: Args.string({ description: 'What people call the user', ignoreStdin: true }),
  };
  static override flags = {
    'telegram-id': Flags.integer({ description: 'Their Telegram id, which messages call user_id' }),
    input: creationFlags.input,
    'idempotency-key': creationFlags['idempotency-key'],
  };
  static override examples = ['orchestrator user create Ann', 'orchestrator user create Ann --json'];
  static override failsWith = ['VALIDATION_FAILED', 'CONFLICT', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  async run(): Promise<User> {
    const { args, flags } = await this.parse(UserCreate);
    const payload = await readPayload<CreateUser>(flags.input, ({ createUser }) => createUser, this.signal);
    const telegramId = flags['telegram-id'];
    const body = {
      ...payload,
      name: args.name ?? payload.name ?? (await this.askName(flags)),
      ...(telegramId !== undefined && { telegram_id: telegramId }),
    };
    const { client } = await this.client(flags);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], body);
    return await client.users.create(body, { signal: this.signal, idempotencyKey });
  }

  render({ id, name }: User, { paint }: Screen): string {
    const next = paste`orchestrator auth key create NAME --user ${id}`;
    return `${paint.green('added')}  ${oneLine(name ?? id)}  ${id}\n\nNext: ${next}`;
  }

  private async askName(flags: { 'no-input'?: boolean }): Promise<string> {
    const input = { name: 'NAME', question: 'What are they called?' };
    if (!this.mayPrompt(flags)) throw inputRequired([input]);
    return await ask(input, this.signal);
  }
}
