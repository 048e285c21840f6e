import type { Secret } from '@codegen/contracts';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { askHidden, inputRequired } from '../../prompts.js';
import { exactText, readFileOf } from '../../read-input.js';
import type { Screen } from '../../render/screen.js';
import { oneLine } from '../../render/text.js';
import { changeFlags, projectFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** Stores a secret of a project. */
export default class SecretSet extends BaseCommand<Secret> {
  static override description =
    'The value comes from a hidden prompt, a file or standard input, never from a flag; a line break at its end and a ' +
    'byte order mark before it do not count. It is stored encrypted and not shown again. A deploy that waits for it goes on by itself; a release that ' +
    'runs gets it with its next deploy.';
  static override args = { name: Args.string({ description: 'The environment variable', ignoreStdin: true }) };
  static override flags = {
    ...projectFlag,
    file: Flags.string({ description: 'File that holds the value; - reads standard input', helpValue: 'FILE' }),
    ...changeFlags,
  };
  static override examples = [
    'orchestrator secret set STRIPE_KEY --project todo-api',
    'orchestrator secret set STRIPE_KEY --project todo-api --file - < key.txt',
  ];
  static override failsWith = ['PROJECT_NOT_FOUND', 'VALIDATION_FAILED', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Secret> {
    const { args, flags } = await this.parse(SecretSet);
    const { client, settings } = await this.client(flags);
    const mayAsk = this.mayPrompt(flags);
    const { name } = args;
    if (name === undefined) throw inputRequired([{ name: 'NAME', question: 'Name:' }]);
    const line =
      paste`orchestrator secret set ${name}` + (flags.project === undefined ? '' : paste` --project ${flags.project}`);
    if (flags.file === undefined && !mayAsk)
      throw withNext(inputRequired([{ name: '--file', question: '' }]), [
        { command: `${line} --file -`, when: 'with the value on standard input' },
      ]);
    const asking = { mayAsk, signal: this.signal, env: this.runtime.env };
    const project = await chooseProject(client, settings.project, asking);
    const { MAX_SECRET_LENGTH } = await import('@codegen/contracts');
    const value = await this.value(flags.file, name, MAX_SECRET_LENGTH);
    const wrong =
      value === ''
        ? 'is empty'
        : value.length > MAX_SECRET_LENGTH && `has ${value.length} characters; ${MAX_SECRET_LENGTH} are allowed`;
    if (wrong) throw new OrchestratorError('VALIDATION_FAILED', `the value for ${name} ${wrong}: nothing was stored`);
    this.runtime.redactor.add(value);
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key']) };
    return await client.secrets.set(project, name, value, call);
  }

  render({ name }: Secret, { paint }: Screen): string {
    return `${paint.green('stored')}  ${oneLine(name)}`;
  }

  private async value(file: string | undefined, name: string, most: number): Promise<string> {
    if (file === undefined) return await askHidden(`Value of ${oneLine(name)}:`, this.signal);
    const allowed = `the ${most} characters that are allowed`;
    const message = `the value for ${oneLine(name)} has more than ${allowed}: nothing was stored`;
    const bytes = await readFileOf(file, '--file', this.signal, { message });
    // An editor puts a byte order mark before it, and a line break behind.
    return exactText(bytes, 'the value')
      .replace(/^\ufeff/, '')
      .replace(/\r?\n$/, '');
  }
}
