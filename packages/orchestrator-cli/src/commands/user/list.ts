import { type User, user } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { listInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { renderList } from '../../kit/list.js';
import { pickFields, splitNames } from '../../kit/parse.js';
import type { Screen } from '../../kit/screen.js';
import { userColumns } from '../../render/user.js';

export default defineCommand({
  id: 'user.list',
  summary: 'As an administrator: list users, newest first',
  effect: 'read',
  forAdmins: true,
  description: 'For administrators. Everybody there is, disabled ones too.',
  input: () =>
    z.object({
      ...listInput(Object.keys(user.shape)),
    }),
  examples: ['orchestrator user list', 'orchestrator user list --fields id,name --json'],
  failsWith: ['UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<Page<Partial<User>>> {
    const { client } = await context.client();
    const { limit, cursor } = input;
    const page = await client.users.page({ limit, ...(cursor && { cursor }) }, { signal: context.signal });
    return { ...page, items: page.items.map((user) => pickFields(user, splitNames(input.fields))) };
  },

  render(page: Page<Partial<User>>, screen: Screen, context): string {
    const empty = 'No users. Next: orchestrator user create NAME';
    return renderList(
      page as Page<User>,
      { columns: userColumns(screen), fields: splitNames(context.input.fields), empty },
      screen,
    );
  },
});
