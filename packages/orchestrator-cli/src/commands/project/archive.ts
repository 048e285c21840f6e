import type { Project } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { changeInput, PROJECT, projectArgument, yesInput } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { confirm } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { renderProject } from '../../render/project.js';

export default defineCommand({
  id: 'project.archive',
  summary: 'Take a project out of use, for good',
  effect: 'destroy',
  description:
    'An archived project takes no more work and cannot be brought back; its name is free for another. Its tasks, its ' +
    'repository and what is deployed stay as they are. Refused while a task waits or runs.',
  input: () =>
    z.object({
      project: projectArgument({
        positional: 'Name or id',
        description: 'The project, if it is not given as an argument',
        tool: PROJECT,
        neededByTools: true,
      }),
      ...yesInput({ neededByTools: true }),
      ...changeInput(),
    }),
  examples: ['orchestrator project archive todo-api', 'orchestrator project archive todo-api --yes'],
  failsWith: ['PROJECT_NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Project> {
    const { client } = await context.client();
    const asking = context.asking;
    // Only a project that is named: what a folder or a variable says may be forgotten.
    const project = await chooseProject(client, input.project, asking);
    const command = paste`orchestrator project archive ${project}`;
    await confirm(`Archive ${project}? It cannot be brought back.`, { yes: input.yes, command, ...asking });
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey() };
    try {
      return await client.projects.archive(project, call);
    } catch (error) {
      const [task] = (isOrchestratorError(error) && error.code === 'CONFLICT' && error.choices) || [];
      if (!isOrchestratorError(error) || !task?.startsWith('task_')) throw error;
      throw withNext(error, [{ command: paste`orchestrator task cancel ${task} --wait`, when: 'then archive again' }]);
    }
  },

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  },
});
