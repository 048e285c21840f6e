import type { Project } from '@codegen/contracts';
import { z } from 'zod';
import { PROJECT, projectArgument } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { isAllowed, keyMay, noneWhereForbidden } from '../../permissions.js';
import { renderProject } from '../../render/project.js';

/** A project and where it is deployed; null where the key may not list that. */
type ProjectWithUrls = Project & { urls: string[] | null };

export default defineCommand({
  id: 'project.get',
  summary: 'Show a project',
  effect: 'read',
  input: () =>
    z.object({
      project: projectArgument({ tool: PROJECT, neededByTools: true }),
    }),
  examples: ['orchestrator project get todo-api', 'orchestrator project get todo-api --json'],
  failsWith: ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(_input, context): Promise<ProjectWithUrls> {
    const { client, settings } = await context.client();
    const { signal, runtime } = context;
    const name = await chooseProject(client, settings.project, context.asking);
    const mayList = isAllowed('deploy.list', runtime.env) && keyMay('deploy.list', settings.key);
    const query = { project: name, current: true, limit: 20 };
    const [project, deployed] = await Promise.all([
      client.projects.get(name, { signal }),
      mayList ? client.deploy.page(query, { signal }).catch(noneWhereForbidden) : null,
    ]);
    return { ...project, urls: deployed?.items.map(({ url }) => url) ?? null };
  },

  render({ urls, ...project }: ProjectWithUrls, screen: Screen): string {
    return renderProject(project, screen, urls);
  },
});
