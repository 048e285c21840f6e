import type { Secret } from '@codegen/contracts';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, projectInput } from '../../input/fields.js';
import { exactText, readFileOf } from '../../input/files.js';
import { chooseProject } from '../../input/project.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { askHidden, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { oneLine } from '../../kit/text.js';

export default defineCommand({
  id: 'secret.set',
  summary: "Give a project's release a value that is kept secret",
  effect: 'change',
  notInMcp: 'takes a secret',
  description:
    'The value comes from a hidden prompt, a file or standard input, never from a flag; a line break at its end and a ' +
    'byte order mark before it do not count. It is stored encrypted and not shown again. A deploy that waits for it goes on by itself; a release that ' +
    'runs gets it with its next deploy.',
  input: () =>
    z.object({
      name: z.string().meta({ positional: true, description: 'The environment variable' }),
      ...projectInput(),
      file: z
        .string()
        .optional()
        .meta({ description: 'File that holds the value; - reads standard input', value: 'FILE' }),
      ...changeInput(),
    }),
  examples: [
    'orchestrator secret set STRIPE_KEY --project todo-api',
    'orchestrator secret set STRIPE_KEY --project todo-api --file - < key.txt',
  ],
  failsWith: ['PROJECT_NOT_FOUND', 'VALIDATION_FAILED', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Secret> {
    const { client, settings } = await context.client();
    const mayAsk = context.mayPrompt;
    const { name } = input;
    const line =
      paste`orchestrator secret set ${name}` + (input.project === undefined ? '' : paste` --project ${input.project}`);
    if (input.file === undefined && !mayAsk)
      throw withNext(inputRequired([{ name: '--file', question: '' }]), [
        { command: `${line} --file -`, when: 'with the value on standard input' },
      ]);
    const asking = { mayAsk, signal: context.signal, env: context.runtime.env };
    const project = await chooseProject(client, settings.project, asking);
    const { MAX_SECRET_LENGTH } = await import('@codegen/contracts');
    const value = await readValue(context, input.file, name, MAX_SECRET_LENGTH);
    const wrong =
      value === ''
        ? 'is empty'
        : value.length > MAX_SECRET_LENGTH && `has ${value.length} characters; ${MAX_SECRET_LENGTH} are allowed`;
    if (wrong) throw new OrchestratorError('VALIDATION_FAILED', `the value for ${name} ${wrong}: nothing was stored`);
    context.runtime.redactor.add(value);
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey() };
    return await client.secrets.set(project, name, value, call);
  },

  render({ name }: Secret, { paint }: Screen): string {
    return `${paint.green('stored')}  ${oneLine(name)}`;
  },
});

async function readValue(context: Context, file: string | undefined, name: string, most: number): Promise<string> {
  if (file === undefined) return await askHidden(`Value of ${oneLine(name)}:`, context.signal);
  const allowed = `the ${most} characters that are allowed`;
  const message = `the value for ${oneLine(name)} has more than ${allowed}: nothing was stored`;
  const bytes = await readFileOf(file, '--file', context.signal, { message });
  // An editor puts a byte order mark before it, and a line break behind.
  return exactText(bytes, 'the value')
    .replace(/^\ufeff/, '')
    .replace(/\r?\n$/, '');
}
