import { type ServiceDeployment, serviceDeployment } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import { z } from 'zod';
import { listInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { renderList } from '../../kit/list.js';
import { pickFields, splitNames } from '../../kit/parse.js';
import type { Screen } from '../../kit/screen.js';
import { deploymentColumns } from '../../render/deployment.js';

export default defineCommand({
  id: 'deploy.list',
  summary: 'List what runs where',
  effect: 'read',
  description: 'What runs now; with --all, everything that was ever deployed, newest first.',
  input: () =>
    z.object({
      project: z
        .string()
        .optional()
        .meta({ description: 'Only what is deployed of this project (ORCHESTRATOR_PROJECT)' }),
      all: z.boolean().optional().meta({ description: 'Earlier deployments too' }),
      ...listInput(Object.keys(serviceDeployment.shape)),
    }),
  examples: [
    'orchestrator deploy list',
    'orchestrator deploy list --project todo-api --all',
    'orchestrator deploy list --fields project_name,url --json',
  ],
  failsWith: ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Page<Partial<ServiceDeployment>>> {
    const { client, settings } = await context.client();
    const { limit, cursor } = input;
    const { project } = settings;
    const query = { current: !input.all, limit, ...(cursor && { cursor }), ...(project && { project }) };
    const page = await client.deploy.page(query, { signal: context.signal });
    return { ...page, items: page.items.map((deployment) => pickFields(deployment, splitNames(input.fields))) };
  },

  render(page: Page<Partial<ServiceDeployment>>, screen: Screen, context): string {
    const empty = 'Nothing is deployed. Next: orchestrator deploy start --project PROJECT --wait';
    const view = { columns: deploymentColumns(), fields: splitNames(context.input.fields), empty };
    return renderList(page as Page<ServiceDeployment>, view, screen);
  },
});
