import type { CreateProject, Project } from '@codegen/contracts';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { readPayload } from '../../operations/read-payload.js';
import { ask, inputRequired } from '../../prompts.js';
import { renderProject } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';
import { creationFlags } from '../../start-flags.js';

/** A project as it was made; `dry_run` where it was only checked and does not exist. */
type Created = Project & { dry_run?: true };

/** Creates a project. Its repository is made with its first engineering task. */
export default class ProjectCreate extends BaseCommand<Created> {
  static override description =
    'A name has 2 to 39 of a-z, 0-9 and -, starting with a letter, and is yours once. ' +
    'The repository is made with the first engineering task.';
  static override args = {
    name: Args.string({ description: 'Name of the project, such as todo-api', ignoreStdin: true }),
  };
  static override flags = {
    name: Flags.string({ description: 'The name, if it is not given as an argument' }),
    description: Flags.string({ description: 'What it is for, in a sentence', helpValue: 'TEXT' }),
    modules: Flags.string({
      description: 'Parts of the template to draw',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      options: ['backend'],
    }),
    ...creationFlags,
  };
  static override mayBeEmpty = ['description'];
  static override examples = [
    'orchestrator project create todo-api',
    'orchestrator project create todo-api --description "Lists with deadlines" --json',
    'echo \'{"name": "todo-api"}\' | orchestrator project create --input - --dry-run',
  ];
  static override failsWith = ['NAME_TAKEN', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Created> {
    const { args, flags } = await this.parse(ProjectCreate);
    const { client } = await this.client(flags);
    const payload = await readPayload<CreateProject>(flags.input, ({ createProject }) => createProject, this.signal);
    const body = {
      ...payload,
      name: args.name ?? flags.name ?? payload.name ?? (await this.askName(flags)),
      ...(flags.description !== undefined && { description: flags.description }),
      ...(flags.modules && { modules: flags.modules as ['backend'] }),
      ...(flags['dry-run'] && { dry_run: true }),
    };
    await checkName(body.name);
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], body);
    const project = await client.projects.create(body, { signal: this.signal, idempotencyKey });
    return body.dry_run ? { ...project, dry_run: true } : project;
  }

  render(project: Created, screen: Screen): string {
    if (project.dry_run) return 'This would work. Nothing was stored.';
    const next = paste`orchestrator engineering start --project ${project.name} --spec TEXT --wait`;
    return `${renderProject(project, screen)}\n${screen.paint.bold('Next:')} ${next}`;
  }

  private async askName(flags: { 'no-input'?: boolean }): Promise<string> {
    const input = { name: 'NAME', question: 'Name of the project:' };
    if (!this.mayPrompt(flags)) throw inputRequired([input]);
    return await ask(input, this.signal);
  }
}

/** @throws OrchestratorError VALIDATION_FAILED, as the API would */
async function checkName(name: string): Promise<void> {
  const { createProject } = await import('@codegen/contracts');
  const { error } = createProject.shape.name.safeParse(name);
  if (!error) return;
  const errors = error.issues.map(({ message }) => ({ path: 'name', message }));
  throw new OrchestratorError('VALIDATION_FAILED', `name: ${errors.map(({ message }) => message).join('; ')}`, {
    details: { errors },
  });
}
