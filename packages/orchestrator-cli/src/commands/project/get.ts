import type { Project } from '@codegen/contracts';
import { z } from 'zod';
import { defineCommand } from '../../kit/define-command.js';
import { PROJECT, projectArgument } from '../../kit/shared-input.js';
import { chooseProject } from '../../operations/choose-project.js';
import { renderProject } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';

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
