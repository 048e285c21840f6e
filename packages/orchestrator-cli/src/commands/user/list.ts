import type { User } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { BaseCommand } from '../../base-command.js';
import { pickFields, readFields } from '../../fields.js';
import { listFlags } from '../../list-flags.js';
import { renderList } from '../../render/list.js';
import type { Screen } from '../../render/screen.js';
import { userColumns } from '../../render/user.js';

/** Names of a user's fields, for `--fields`. */
const FIELDS = ['id', 'name', 'telegram_id', 'is_admin', 'created_at', 'disabled_at'];

/** Lists users. */
export default class UserList extends BaseCommand<Page<Partial<User>>> {
  static override description = 'For administrators. Everybody there is, disabled ones too.';
  static override flags = { ...listFlags };
  static override examples = ['orchestrator user list', 'orchestrator user list --fields id,name --json'];
  static override failsWith = ['UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  private fields: string[] | undefined;

  async run(): Promise<Page<Partial<User>>> {
    const { flags } = await this.parse(UserList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client } = await this.client(flags);
    const { limit, cursor } = flags;
    const page = await client.users.page({ limit, ...(cursor && { cursor }) }, { signal: this.signal });
    return { ...page, items: page.items.map((user) => pickFields(user, this.fields)) };
  }

  render(page: Page<Partial<User>>, screen: Screen): string {
    const empty = 'No users. Next: orchestrator user create NAME';
    return renderList(page as Page<User>, { columns: userColumns(screen), fields: this.fields, empty }, screen);
  }
}
