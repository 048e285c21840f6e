import { StatusCommand } from '../../task-commands.js';

/** Shows how a task of this type stands. */
export default class EngineeringStatus extends StatusCommand {
  static override examples = [
    'orchestrator engineering status task_0198…',
    'orchestrator engineering status --project todo-api --json',
  ];
  protected readonly type = 'engineering';
}
