import type { ApiKey, CreateApiKey } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { readPayload } from '../../../input/document.js';
import { parseExpiry } from '../../../input/duration.js';
import { ciKeyInput, documentInput } from '../../../input/fields.js';
import { openSecretFile } from '../../../input/secret-file.js';
import { defineCommand } from '../../../kit/define-command.js';
import { withNext } from '../../../kit/errors.js';
import type { Screen } from '../../../kit/screen.js';
import { oneLine } from '../../../kit/text.js';
import { renderKey } from '../../../render/api-key.js';

/** A new key: with its secret, or with the file that holds it. */
interface CreatedKey {
  key: ApiKey;
  secret?: string;
  file?: string;
}

export default defineCommand({
  id: 'auth.key.create',
  summary: 'Make an API key; its secret is shown once',
  effect: 'change',
  notInMcp: 'tells a secret',
  description:
    'The secret is shown this once and stored nowhere in plain: keep it, or have it written to a file of your own with ' +
    '--out, which auth login --token-stdin reads. A key can do no more, and lives no longer, than the one that makes it.',
  input: () =>
    z.object({
      name: z.string().optional().meta({
        positional: 'What the key is for, such as ci',
        description: 'The name, if it is not given as an argument',
      }),
      role: z.enum(['user', 'worker', 'service', 'admin']).optional().meta({ description: 'What it is for' }),
      user: z.string().optional().meta({
        description: 'Whose it is, as an administrator: the id that user create gave; yours without it',
        value: 'ID',
      }),
      scopes: z
        .string()
        .optional()
        .meta({ description: 'Commands it may run: ids, topic.* or *; all that yours may by default', value: 'A,B' }),
      expires: z
        .string()
        .optional()
        .meta({ description: 'When it ends: 2030-01-31 or in so long; never without it', value: '90d' }),
      out: z
        .string()
        .optional()
        .meta({ description: 'Write the secret to this new file, for you alone, and print it not', value: 'FILE' }),
      ...documentInput(),
      ...ciKeyInput(),
    }),
  examples: [
    'orchestrator auth key create ci --scopes "deploy.*,project.get" --expires 90d',
    'orchestrator auth key create ci --out ci-token.txt --json',
    'orchestrator auth key create laptop --user user_01k9z8m4q5 --out ann.txt',
  ],
  failsWith: ['VALIDATION_FAILED', 'UNAUTHENTICATED', 'FORBIDDEN', 'SECRET_SHOWN', 'NETWORK'],

  async run(input, context): Promise<CreatedKey> {
    const payload = await readPayload<CreateApiKey>(input.input, ({ createApiKey }) => createApiKey, context.signal);
    const scopes = input.scopes?.split(/[\s,]+/).filter((scope) => scope !== '');
    const body = {
      ...payload,
      name: input.name ?? payload.name ?? (await context.ask({ name: 'NAME', question: 'What is the key for?' })),
      ...(input.role && { role: input.role as 'user' }),
      ...(input.user && { user_id: input.user }),
      ...(scopes && { scopes }),
      ...(input.expires && { expires_at: parseExpiry(input.expires, '--expires') }),
    };
    const { client } = await context.client();
    const idempotencyKey = context.idempotencyKey(body);
    // Opened first: a key whose secret could not be written would be lost.
    const file = input.out === undefined ? undefined : await openSecretFile(input.out);
    try {
      const { key, secret } = await client.keys.create(body, { signal: context.signal, idempotencyKey });
      context.runtime.redactor.add(secret);
      if (file) return { key, file: await file.write(secret) };
      context.runtime.warnings.push('the secret is shown this once: store it now');
      return { key, secret };
    } catch (error) {
      await file?.discard();
      throw lostSecret(error);
    }
  },

  render({ key, secret, file }: CreatedKey, screen: Screen): string {
    const where = screen.paint.dim(`The secret is in ${oneLine(file ?? '')}, for you alone.`);
    return `${renderKey(key, screen)}\n\n${secret ?? where}`;
  },
});

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
