import { createProject, type Project, type UpdateProject } from '@codegen/contracts';
import { z } from 'zod';
import { readPayload } from '../../input/document.js';
import { changeInput, documentInput, projectArgument } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import { inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { renderProject } from '../../render/project.js';

export default defineCommand({
  id: 'project.update',
  summary: "Change a project's name or description",
  effect: 'change',
  description:
    'What is not named stays. A new name is what commands take from now on; the id, the repository and what is ' +
    'deployed stay as they are. Modules are chosen when a project is created.',
  input: () =>
    z.object({
      project: projectArgument(),
      name: createProject.shape.name.optional().meta({ description: 'Its new name' }),
      description: z
        .string()
        .optional()
        .meta({ description: 'What it is for; empty takes the description away', value: 'TEXT', mayBeEmpty: true }),
      ...documentInput(),
      ...changeInput(),
    }),
  examples: [
    'orchestrator project update todo-api --description "Lists with deadlines"',
    'orchestrator project update todo-api --name lists --json',
  ],
  failsWith: ['PROJECT_NOT_FOUND', 'NAME_TAKEN', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Project> {
    const { name, description } = input;
    const change = {
      ...(await readPayload<UpdateProject>(input.input, ({ updateProject }) => updateProject, context.signal)),
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description: description || null }),
    };
    if (Object.keys(change).length === 0) {
      throw inputRequired([['--name', '--description', '--input'].map((flag) => ({ name: flag, question: '' }))]);
    }
    const { client, settings } = await context.client();
    const project = await chooseProject(client, settings.project, context.asking);
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey() };
    return await client.projects.update(project, change, call);
  },

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  },
});
