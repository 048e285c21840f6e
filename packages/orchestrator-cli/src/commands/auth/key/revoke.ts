import type { ApiKey } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../../base-command.js';
import { confirm, inputRequired } from '../../../prompts.js';
import { renderKey } from '../../../render/api-key.js';
import type { Screen } from '../../../render/screen.js';
import { changeFlags, yesFlag } from '../../../start-flags.js';
import { withNext } from '../../../translate-error.js';

/** Ends an API key. */
export default class AuthKeyRevoke extends BaseCommand<ApiKey> {
  static override description =
    'What uses the key, or a key that it made, is refused from then on. A revoked key cannot be made valid again. A key ' +
    'revokes itself, and those that can do no more than itself.';
  static override args = { key: Args.string({ description: 'Id of the key, from auth key list', ignoreStdin: true }) };
  static override flags = { ...yesFlag, ...changeFlags };
  static override examples = ['orchestrator auth key revoke key_0198…', 'orchestrator auth key revoke key_0198… --yes'];
  static override failsWith = ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  async run(): Promise<ApiKey> {
    const { args, flags } = await this.parse(AuthKeyRevoke);
    const { key } = args;
    if (key === undefined) throw inputRequired([{ name: 'KEY', question: 'Key:' }]);
    const { client } = await this.client(flags);
    const command = paste`orchestrator auth key revoke ${key}`;
    const asking = { yes: flags.yes, mayAsk: this.mayPrompt(flags), command, signal: this.signal };
    await confirm(`Revoke ${key}? What uses it, or a key that it made, is refused from then on.`, asking);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key']);
    return await client.keys.revoke(key, { signal: this.signal, idempotencyKey }).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
      throw withNext(error, [{ command: 'orchestrator auth key list', when: 'to see the ids of your keys' }]);
    });
  }

  render(key: ApiKey, screen: Screen): string {
    return renderKey(key, screen);
  }
}
