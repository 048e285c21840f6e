import type { Project } from '@codegen/contracts';
import { z } from 'zod';
import { PROJECT, projectArgument } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { renderProject } from '../../render/project.js';

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

  async run(_input, context): Promise<Project> {
    const { client, settings } = await context.client();
    const project = await chooseProject(client, settings.project, context.asking);
    return await client.projects.get(project, { signal: context.signal });
  },

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  },
});
