import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { confirm, inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { oneLine } from '../../render/text.js';
import { changeFlags, projectFlag, yesFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

interface DeletedSecret {
  project: string;
  name: string;
}

/** Deletes a secret of a project. */
export default class SecretDelete extends BaseCommand<DeletedSecret> {
  static override description =
    'A release that runs keeps the value until its next deploy, which waits where .project.yml requires it.';
  static override args = { name: Args.string({ description: 'The environment variable', ignoreStdin: true }) };
  static override flags = { ...projectFlag, ...yesFlag, ...changeFlags };
  static override examples = ['orchestrator secret delete STRIPE_KEY --project todo-api --yes'];
  static override failsWith = ['PROJECT_NOT_FOUND', 'NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<DeletedSecret> {
    const { args, flags } = await this.parse(SecretDelete);
    const { name } = args;
    if (name === undefined) throw inputRequired([{ name: 'NAME', question: 'Name:' }]);
    const { client, settings } = await this.client(flags);
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal, env: this.runtime.env };
    const project = await chooseProject(client, settings.project, asking);
    const command = paste`orchestrator secret delete ${name} --project ${project}`;
    await confirm(`Delete ${name} of ${project}? Its value cannot be brought back.`, {
      yes: flags.yes,
      command,
      ...asking,
    });
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key']) };
    await client.secrets.delete(project, name, call).catch((error: unknown) => {
      if (!isOrchestratorError(error) || error.code !== 'NOT_FOUND') throw error;
      const list = paste`orchestrator secret list --project ${project}`;
      throw withNext(error, [{ command: list, when: 'to see which secrets there are' }]);
    });
    return { project, name };
  }

  render({ name }: DeletedSecret, { paint }: Screen): string {
    return `${paint.green('deleted')}  ${oneLine(name)}`;
  }
}
