import type { ApiKey } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../../base-command.js';
import { pickFields, readFields } from '../../../fields.js';
import { listFlags } from '../../../list-flags.js';
import { keyColumns } from '../../../render/api-key.js';
import { renderList } from '../../../render/list.js';
import type { Screen } from '../../../render/screen.js';

/** Names of a key's fields, for `--fields`. */
const FIELDS = [
  'id',
  'name',
  'prefix',
  'role',
  'scopes',
  'user_id',
  'expires_at',
  'revoked_at',
  'created_at',
  'created_by',
];

/** Lists API keys. */
export default class AuthKeyList extends BaseCommand<Page<Partial<ApiKey>>> {
  static override description =
    "Your own keys, newest first; an administrator's list has everybody's. No secret is shown.";
  static override flags = {
    all: Flags.boolean({ description: 'Revoked and expired ones too' }),
    ...listFlags,
  };
  static override examples = ['orchestrator auth key list', 'orchestrator auth key list --all --fields id,name --json'];
  static override failsWith = ['UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;

  async run(): Promise<Page<Partial<ApiKey>>> {
    const { flags } = await this.parse(AuthKeyList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client } = await this.client(flags);
    const { limit, cursor, all } = flags;
    const query = { limit, ...(cursor && { cursor }), ...(!all && { state: 'valid' as const }) };
    const page = await client.keys.page(query, { signal: this.signal });
    return { ...page, items: page.items.map((key) => pickFields(key, this.fields)) };
  }

  render(page: Page<Partial<ApiKey>>, screen: Screen): string {
    const empty = 'No keys. Next: orchestrator auth key create NAME';
    const view = { columns: keyColumns(screen), fields: this.fields, empty };
    return renderList(page as Page<ApiKey>, view, screen);
  }
}
