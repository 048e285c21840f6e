import type { ApiKey } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, yesInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { withNext } from '../../../kit/errors.js';
import { confirm } from '../../../kit/prompts.js';
import type { Screen } from '../../../kit/screen.js';
import { renderKey } from '../../../render/api-key.js';

export default defineCommand({
  id: 'auth.key.revoke',
  summary: 'End an API key, for good',
  effect: 'destroy',
  description:
    'What uses the key, or a key that it made, is refused from then on. A revoked key cannot be made valid again. A key ' +
    'revokes itself, and those that can do no more than itself.',
  input: () =>
    z.object({
      key: z.string().meta({ positional: true, description: 'Id of the key, from auth key list' }),
      ...yesInput(),
      ...changeInput(),
    }),
  examples: ['orchestrator auth key revoke key_0198…', 'orchestrator auth key revoke key_0198… --yes'],
  failsWith: ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<ApiKey> {
    const { key } = input;
    const { client } = await context.client();
    const command = paste`orchestrator auth key revoke ${key}`;
    const asking = { yes: input.yes, mayAsk: context.mayPrompt, command, signal: context.signal };
    await confirm(`Revoke ${key}? What uses it, or a key that it made, is refused from then on.`, asking);
    const idempotencyKey = context.idempotencyKey();
    return await client.keys.revoke(key, { signal: context.signal, idempotencyKey }).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
      throw withNext(error, [{ command: 'orchestrator auth key list', when: 'to see the ids of your keys' }]);
    });
  },

  render(key: ApiKey, screen: Screen): string {
    return renderKey(key, screen);
  },
});
