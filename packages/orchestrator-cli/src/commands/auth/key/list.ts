import { type ApiKey, apiKey } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { listInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { renderList } from '../../../kit/list.js';
import { pickFields, splitNames } from '../../../kit/parse.js';
import type { Screen } from '../../../kit/screen.js';
import { keyColumns } from '../../../render/api-key.js';

export default defineCommand({
  id: 'auth.key.list',
  summary: 'List API keys, newest first',
  effect: 'read',
  description: "Your own keys, newest first; an administrator's list has everybody's. No secret is shown.",
  input: () =>
    z.object({
      all: z.boolean().optional().meta({ description: 'Revoked and expired ones too' }),
      ...listInput(Object.keys(apiKey.shape)),
    }),
  examples: ['orchestrator auth key list', 'orchestrator auth key list --all --fields id,name --json'],
  failsWith: ['UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Page<Partial<ApiKey>>> {
    const { client } = await context.client();
    const { limit, cursor, all } = input;
    const query = { limit, ...(cursor && { cursor }), ...(!all && { state: 'valid' as const }) };
    const page = await client.keys.page(query, { signal: context.signal });
    return { ...page, items: page.items.map((key) => pickFields(key, splitNames(input.fields))) };
  },

  render(page: Page<Partial<ApiKey>>, screen: Screen, context): string {
    const empty = 'No keys. Next: orchestrator auth key create NAME';
    const view = { columns: keyColumns(screen), fields: splitNames(context.input.fields), empty };
    return renderList(page as Page<ApiKey>, view, screen);
  },
});
