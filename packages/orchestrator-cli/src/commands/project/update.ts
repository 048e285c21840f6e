import type { Project, UpdateProject } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { readPayload } from '../../operations/read-payload.js';
import { inputRequired } from '../../prompts.js';
import { renderProject } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';
import { changeFlags, creationFlags } from '../../start-flags.js';

/** Changes a project's name or description. */
export default class ProjectUpdate extends BaseCommand<Project> {
  static override description =
    'What is not named stays. A new name is what commands take from now on; the id, the repository and what is ' +
    'deployed stay as they are. Modules are chosen when a project is created.';
  static override args = {
    project: Args.string({ description: 'Name or id; without it, that of the settings', ignoreStdin: true }),
  };
  static override flags = {
    project: Flags.string({ description: 'The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)' }),
    name: Flags.string({ description: 'Its new name' }),
    description: Flags.string({ description: 'What it is for; empty takes the description away', helpValue: 'TEXT' }),
    input: creationFlags.input,
    ...changeFlags,
  };
  static override mayBeEmpty = ['description'];
  static override examples = [
    'orchestrator project update todo-api --description "Lists with deadlines"',
    'orchestrator project update todo-api --name lists --json',
  ];
  static override failsWith = ['PROJECT_NOT_FOUND', 'NAME_TAKEN', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Project> {
    const { args, flags } = await this.parse(ProjectUpdate);
    const { name, description } = flags;
    const change = {
      ...(await readPayload<UpdateProject>(flags.input, ({ updateProject }) => updateProject, this.signal)),
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description: description || null }),
    };
    if (Object.keys(change).length === 0) {
      throw inputRequired([['--name', '--description', '--input'].map((flag) => ({ name: flag, question: '' }))]);
    }
    const { client, settings } = await this.client(flags);
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal, env: this.runtime.env };
    const project = await chooseProject(client, args.project ?? settings.project, asking);
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key']) };
    return await client.projects.update(project, change, call);
  }

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  }
}
