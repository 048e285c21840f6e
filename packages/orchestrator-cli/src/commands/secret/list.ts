import { paste } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { pickFields, readFields } from '../../fields.js';
import { chooseProject } from '../../operations/choose-project.js';
import { renderList } from '../../render/list.js';
import type { Screen } from '../../render/screen.js';
import { type ListedSecret, secretColumns } from '../../render/secret.js';
import { projectFlag } from '../../start-flags.js';

const FIELDS = ['name', 'state', 'reference', 'updated_at'];

/** Lists the secrets of a project. */
export default class SecretList extends BaseCommand<{ items: Partial<ListedSecret>[] }> {
  static override description =
    'Names alone: a value is never shown. What .project.yml on main requires and nobody has set yet is `missing`; a ' +
    'deploy waits for it.';
  static override flags = {
    ...projectFlag,
    fields: Flags.string({ description: 'Only these fields, separated by commas', helpValue: 'A,B' }),
  };
  static override examples = ['orchestrator secret list --project todo-api', 'orchestrator secret list --json'];
  static override failsWith = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;
  private project = '';

  async run(): Promise<{ items: Partial<ListedSecret>[] }> {
    const { flags } = await this.parse(SecretList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client, settings } = await this.client(flags);
    const call = { signal: this.signal };
    const asking = { mayAsk: this.mayPrompt(flags), env: this.runtime.env, ...call };
    this.project = await chooseProject(client, settings.project, asking);
    const [secrets, missing] = await Promise.all([
      client.secrets.list(this.project, call),
      client.secrets.missing(this.project, call),
    ]);
    const listed: ListedSecret[] = [
      ...missing.map((name) => ({ name, state: 'missing' as const, reference: null, updated_at: null })),
      ...secrets.map((secret) => ({ ...secret, state: 'set' as const })),
    ];
    return { items: listed.map((secret) => pickFields(secret, this.fields)) };
  }

  render({ items }: { items: Partial<ListedSecret>[] }, screen: Screen): string {
    const list = { items: items as ListedSecret[], next_cursor: null };
    const empty = 'No secrets, and .project.yml requires none.';
    const text = renderList(list, { columns: secretColumns(screen), fields: this.fields, empty }, screen);
    const missing = list.items.find(({ state }) => state === 'missing');
    if (!missing) return text;
    return `${text}\n${screen.paint.bold('Next:')} ${paste`orchestrator secret set ${missing.name} --project ${this.project}`}`;
  }
}
