import type { Project } from '@codegen/contracts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { renderProject } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';

/** Shows a project. */
export default class ProjectGet extends BaseCommand<Project> {
  static override args = {
    project: Args.string({ description: 'Name or id; without it, that of the settings', ignoreStdin: true }),
  };
  static override flags = {
    project: Flags.string({ description: 'The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)' }),
  };
  static override examples = ['orchestrator project get todo-api', 'orchestrator project get todo-api --json'];
  static override failsWith = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Project> {
    const { args, flags } = await this.parse(ProjectGet);
    const { client, settings } = await this.client(flags);
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal, env: this.runtime.env };
    const project = await chooseProject(client, args.project ?? settings.project, asking);
    return await client.projects.get(project, { signal: this.signal });
  }

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  }
}
