import { StatusCommand } from '../../task-commands.js';

/** Shows how a task of this type stands. */
export default class DeployStatus extends StatusCommand {
  static override examples = [
    'orchestrator deploy status task_0198…',
    'orchestrator deploy status --project todo-api --json',
  ];
  protected readonly type = 'deploy';
}
