import { WaitCommand } from '../../task-commands.js';

/** Follows a task of this type to its end. */
export default class DeployWait extends WaitCommand {
  static override examples = [
    'orchestrator deploy wait task_0198…',
    'orchestrator deploy wait --project todo-api --timeout 15m --json',
  ];
  protected readonly type = 'deploy';
}
