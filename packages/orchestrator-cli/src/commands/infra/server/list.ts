import { type Server, server } from '@codegen/contracts';
import { z } from 'zod';
import { fieldsInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { renderList } from '../../../kit/list.js';
import { pickFields, splitNames } from '../../../kit/parse.js';
import type { Screen } from '../../../kit/screen.js';
import { serverColumns } from '../../../render/server.js';

export default defineCommand({
  id: 'infra.server.list',
  summary: 'List the servers that projects are put on',
  effect: 'read',
  description: 'A project is put on the first active server, by handle, that has a port free, and stays there.',
  input: () =>
    z.object({
      ...fieldsInput(Object.keys(server.shape)),
    }),
  examples: ['orchestrator infra server list', 'orchestrator infra server list --fields handle,status'],
  failsWith: ['UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'],

  async run(input, context): Promise<{ items: Partial<Server>[] }> {
    const { client } = await context.client();
    const items = await client.servers.list({ signal: context.signal });
    return { items: items.map((server) => pickFields(server, splitNames(input.fields))) };
  },

  render({ items }: { items: Partial<Server>[] }, screen: Screen, context): string {
    const empty = 'No servers. Next: orchestrator infra server set HANDLE --ip ADDRESS';
    const view = { columns: serverColumns(screen), fields: splitNames(context.input.fields), empty };
    return renderList({ items: items as Server[], next_cursor: null }, view, screen);
  },
});
