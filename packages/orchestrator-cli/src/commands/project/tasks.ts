import type { Task } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { chooseProject } from '../../operations/choose-project.js';
import { TaskListCommand, taskListFlags } from '../../task-list-command.js';

/** Lists the tasks of a project. */
export default class ProjectTasks extends TaskListCommand {
  static override args = {
    project: Args.string({ description: 'Name or id; without it, that of the settings', ignoreStdin: true }),
  };
  static override flags = {
    project: Flags.string({ description: 'The project, if it is not given as an argument (ORCHESTRATOR_PROJECT)' }),
    ...taskListFlags,
  };
  static override examples = [
    'orchestrator project tasks todo-api',
    'orchestrator project tasks todo-api --status failed --fields id,error --json',
  ];

  async run(): Promise<Page<Partial<Task>>> {
    const { args, flags } = await this.parse(ProjectTasks);
    this.checkFields(flags);
    const { client, settings } = await this.client(flags);
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal, env: this.runtime.env };
    const project = await chooseProject(client, args.project ?? settings.project, asking);
    return await this.page(client, flags, project);
  }
}
