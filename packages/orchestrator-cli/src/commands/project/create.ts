import { type CreateProject, createProject, type Project } from '@codegen/contracts';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { readPayload } from '../../input/document.js';
import { creationInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { renderProject } from '../../render/project.js';

/** A project as it was made; `dry_run` where it was only checked and does not exist. */
type Created = Project & { dry_run?: true };

export default defineCommand({
  id: 'project.create',
  summary: 'Create a project',
  effect: 'change',
  description:
    'A name has 2 to 39 of a-z, 0-9 and -, starting with a letter, and is yours once. ' +
    'The repository is made with the first engineering task.',
  input: () =>
    z.object({
      name: createProject.shape.name.optional().meta({
        positional: 'Name of the project, such as todo-api',
        description: 'The name, if it is not given as an argument',
        tool: createProject.shape.name.description,
        neededByTools: true,
      }),
      description: createProject.shape.description.unwrap().unwrap().optional().meta({
        description: 'What it is for, in a sentence',
        value: 'TEXT',
        mayBeEmpty: true,
        tool: 'What it is, for a person',
      }),
      modules: createProject.shape.modules.unwrap().optional().meta({
        description: 'Parts of the template to draw',
        separator: ',',
        tool: createProject.shape.modules.description,
      }),
      ...creationInput(),
    }),
  examples: [
    'orchestrator project create todo-api',
    'orchestrator project create todo-api --description "Lists with deadlines" --json',
    'echo \'{"name": "todo-api"}\' | orchestrator project create --input - --dry-run',
  ],
  failsWith: ['NAME_TAKEN', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Created> {
    const { client } = await context.client();
    const payload = await readPayload<CreateProject>(input.input, ({ createProject }) => createProject, context.signal);
    const body = {
      ...payload,
      name: input.name ?? payload.name ?? (await context.ask({ name: 'NAME', question: 'Name of the project:' })),
      ...(input.description !== undefined && { description: input.description }),
      ...(input.modules && { modules: input.modules }),
      ...(input.dry_run && { dry_run: true }),
    };
    checkName(body.name);
    const idempotencyKey = context.idempotencyKey(body);
    const project = await client.projects.create(body, { signal: context.signal, idempotencyKey });
    return body.dry_run ? { ...project, dry_run: true } : project;
  },

  render(project: Created, screen: Screen): string {
    if (project.dry_run) return 'This would work. Nothing was stored.';
    const next = paste`orchestrator engineering start --project ${project.name} --spec TEXT --wait`;
    return `${renderProject(project, screen)}\n${screen.paint.bold('Next:')} ${next}`;
  },
});

/** @throws OrchestratorError VALIDATION_FAILED, as the API would */
function checkName(name: string): void {
  const { error } = createProject.shape.name.safeParse(name);
  if (!error) return;
  const errors = error.issues.map(({ message }) => ({ path: 'name', message }));
  throw new OrchestratorError('VALIDATION_FAILED', `name: ${errors.map(({ message }) => message).join('; ')}`, {
    details: { errors },
  });
}
