import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, projectInput, yesInput } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { confirm } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { oneLine } from '../../kit/text.js';

interface DeletedSecret {
  project: string;
  name: string;
}

export default defineCommand({
  id: 'secret.delete',
  summary: 'Delete a secret of a project',
  effect: 'destroy',
  description: 'A release that runs keeps the value until its next deploy, which waits where .project.yml requires it.',
  input: () =>
    z.object({
      name: z.string().meta({ positional: true, description: 'The environment variable' }),
      ...projectInput(),
      ...yesInput(),
      ...changeInput(),
    }),
  examples: ['orchestrator secret delete STRIPE_KEY --project todo-api --yes'],
  failsWith: ['PROJECT_NOT_FOUND', 'NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<DeletedSecret> {
    const { name } = input;
    const { client, settings } = await context.client();
    const asking = context.asking;
    const project = await chooseProject(client, settings.project, asking);
    const command = paste`orchestrator secret delete ${name} --project ${project}`;
    await confirm(`Delete ${name} of ${project}? Its value cannot be brought back.`, {
      yes: input.yes,
      command,
      ...asking,
    });
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey() };
    await client.secrets.delete(project, name, call).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
      const list = paste`orchestrator secret list --project ${project}`;
      throw withNext(error, [{ command: list, when: 'to see which secrets there are' }]);
    });
    return { project, name };
  },

  render({ name }: DeletedSecret, { paint }: Screen): string {
    return `${paint.green('deleted')}  ${oneLine(name)}`;
  },
});
