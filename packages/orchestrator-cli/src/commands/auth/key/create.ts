import type { ApiKey, CreateApiKey } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../../base-command.js';
import { parseExpiry } from '../../../duration.js';
import { readPayload } from '../../../operations/read-payload.js';
import { openSecretFile } from '../../../operations/secret-file.js';
import { ask, inputRequired } from '../../../prompts.js';
import { renderKey } from '../../../render/api-key.js';
import type { Screen } from '../../../render/screen.js';
import { oneLine } from '../../../render/text.js';
import { creationFlags } from '../../../start-flags.js';
import { withNext } from '../../../translate-error.js';

/** A new key: with its secret, or with the file that holds it. */
interface CreatedKey {
  key: ApiKey;
  secret?: string;
  file?: string;
}

/** Makes an API key. */
export default class AuthKeyCreate extends BaseCommand<CreatedKey> {
  static override description =
    'The secret is shown this once and stored nowhere in plain: keep it, or have it written to a file of your own with ' +
    '--out, which auth login --token-stdin reads. A key can do no more, and lives no longer, than the one that makes it.';
  static override args = {
    name: Args.string({ description: 'What the key is for, such as ci', ignoreStdin: true }),
  };
  static override flags = {
    name: Flags.string({ description: 'The name, if it is not given as an argument' }),
    role: Flags.string({ description: 'What it is for', options: ['user', 'worker', 'service', 'admin'] }),
    user: Flags.string({
      description: 'Whose it is, as an administrator: the id that user create gave; yours without it',
      helpValue: 'ID',
    }),
    scopes: Flags.string({
      description: 'Commands it may run: ids, topic.* or *; all that yours may by default',
      helpValue: 'A,B',
    }),
    expires: Flags.string({
      description: 'When it ends: 2030-01-31 or in so long; never without it',
      helpValue: '90d',
    }),
    out: Flags.string({
      description: 'Write the secret to this new file, for you alone, and print it not',
      helpValue: 'FILE',
    }),
    input: creationFlags.input,
    'idempotency-key': creationFlags['idempotency-key'],
  };
  static override examples = [
    'orchestrator auth key create ci --scopes "deploy.*,project.get" --expires 90d',
    'orchestrator auth key create ci --out ci-token.txt --json',
    'orchestrator auth key create laptop --user user_01k9z8m4q5 --out ann.txt',
  ];
  static override failsWith = ['VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'SECRET_SHOWN', 'NETWORK'] as const;

  async run(): Promise<CreatedKey> {
    const { args, flags } = await this.parse(AuthKeyCreate);
    const payload = await readPayload<CreateApiKey>(flags.input, ({ createApiKey }) => createApiKey, this.signal);
    const scopes = flags.scopes?.split(/[\s,]+/).filter((scope) => scope !== '');
    const body = {
      ...payload,
      name: args.name ?? flags.name ?? payload.name ?? (await this.askName(flags)),
      ...(flags.role && { role: flags.role as 'user' }),
      ...(flags.user && { user_id: flags.user }),
      ...(scopes && { scopes }),
      ...(flags.expires && { expires_at: parseExpiry(flags.expires, '--expires') }),
    };
    const { client } = await this.client(flags);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], body);
    // Opened first: a key whose secret could not be written would be lost.
    const file = flags.out === undefined ? undefined : await openSecretFile(flags.out);
    try {
      const { key, secret } = await client.keys.create(body, { signal: this.signal, idempotencyKey });
      this.runtime.redactor.add(secret);
      if (file) return { key, file: await file.write(secret) };
      this.runtime.warnings.push('the secret is shown this once: store it now');
      return { key, secret };
    } catch (error) {
      await file?.discard();
      throw lostSecret(error);
    }
  }

  render({ key, secret, file }: CreatedKey, screen: Screen): string {
    const where = screen.paint.dim(`The secret is in ${oneLine(file ?? '')}, for you alone.`);
    return `${renderKey(key, screen)}\n\n${secret ?? where}`;
  }

  private async askName(flags: { 'no-input'?: boolean }): Promise<string> {
    const input = { name: 'NAME', question: 'What is the key for?' };
    if (!this.mayPrompt(flags)) throw inputRequired([input]);
    return await ask(input, this.signal);
  }
}

/** A key whose secret went with an answer that nobody has: it is of no use, and another takes another idempotency key. */
function lostSecret(error: unknown): unknown {
  if (!isOrchestratorError(error) || error.code !== 'SECRET_SHOWN') return error;
  const [id = 'KEY'] = error.choices ?? [];
  return withNext(error, [
    { command: paste`orchestrator auth key revoke ${id}`, when: 'if nobody has its secret' },
    {
      command: 'orchestrator auth key create --idempotency-key ANOTHER',
      when: 'then again, with the same input: --idempotency-key is needed in CI, or where you gave one',
    },
  ]);
}
