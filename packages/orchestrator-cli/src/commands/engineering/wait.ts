import { WaitCommand } from '../../task-commands.js';

/** Follows a task of this type to its end. */
export default class EngineeringWait extends WaitCommand {
  static override examples = [
    'orchestrator engineering wait task_0198…',
    'orchestrator engineering wait --project todo-api --timeout 15m --json',
  ];
  protected readonly type = 'engineering';
}
