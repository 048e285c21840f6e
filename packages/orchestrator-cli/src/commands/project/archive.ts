import type { Project } from '@codegen/contracts';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { confirm } from '../../prompts.js';
import { renderProject } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';
import { changeFlags, yesFlag } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** Takes a project out of use. */
export default class ProjectArchive extends BaseCommand<Project> {
  static override description =
    'An archived project takes no more work and cannot be brought back; its name is free for another. Its tasks, its ' +
    'repository and what is deployed stay as they are. Refused while a task waits or runs.';
  static override args = {
    project: Args.string({ description: 'Name or id', ignoreStdin: true }),
  };
  static override flags = {
    project: Flags.string({ description: 'The project, if it is not given as an argument' }),
    ...yesFlag,
    ...changeFlags,
  };
  static override examples = ['orchestrator project archive todo-api', 'orchestrator project archive todo-api --yes'];
  static override failsWith = ['PROJECT_NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Project> {
    const { args, flags } = await this.parse(ProjectArchive);
    const { client } = await this.client(flags);
    const asking = { mayAsk: this.mayPrompt(flags), signal: this.signal, env: this.runtime.env };
    // Only a project that is named: what a folder or a variable says may be forgotten.
    const project = await chooseProject(client, args.project ?? flags.project, asking);
    const command = paste`orchestrator project archive ${project}`;
    await confirm(`Archive ${project}? It cannot be brought back.`, { yes: flags.yes, command, ...asking });
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key']) };
    try {
      return await client.projects.archive(project, call);
    } catch (error) {
      const [task] = (isOrchestratorError(error) && error.code === 'CONFLICT' && error.choices) || [];
      if (!isOrchestratorError(error) || !task?.startsWith('task_')) throw error;
      throw withNext(error, [{ command: paste`orchestrator task cancel ${task} --wait`, when: 'then archive again' }]);
    }
  }

  render(project: Project, screen: Screen): string {
    return renderProject(project, screen);
  }
}
