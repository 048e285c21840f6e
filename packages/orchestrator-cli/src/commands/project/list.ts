import { type Project, project, projectStatus } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { listInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { renderList } from '../../kit/list.js';
import { pickFields, splitNames } from '../../kit/parse.js';
import type { Screen } from '../../kit/screen.js';
import { projectColumns } from '../../render/project.js';

export default defineCommand({
  id: 'project.list',
  summary: 'List projects',
  effect: 'read',
  input: () =>
    z.object({
      status: projectStatus.optional().meta({ description: 'Only projects in this status' }),
      name: z.string().optional().meta({ description: 'Only the project of this name' }),
      ...listInput(Object.keys(project.shape)),
    }),
  examples: [
    'orchestrator project list',
    'orchestrator project list --status active --fields name,main_sha',
    'orchestrator project list --limit 10 --json',
  ],
  failsWith: ['UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Page<Partial<Project>>> {
    const { client } = await context.client();
    const { limit, cursor, name } = input;
    const status = input.status as Project['status'] | undefined;
    const query = { limit, ...(cursor && { cursor }), ...(name && { name }), ...(status && { status }) };
    const page = await client.projects.page(query, { signal: context.signal });
    return { ...page, items: page.items.map((project) => pickFields(project, splitNames(input.fields))) };
  },

  render(page: Page<Partial<Project>>, screen: Screen, { input }): string {
    const { cursor, name, status } = input;
    const empty =
      cursor || name || status
        ? 'No project fits. Next: orchestrator project list'
        : 'No projects yet. Next: orchestrator project create NAME';
    const view = { columns: projectColumns(screen), fields: splitNames(input.fields), empty };
    return renderList(page as Page<Project>, view, screen);
  },
});
