import { defineCommand } from '../../kit/define-command.js';
import { statusOf } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'engineering.status',
  summary: 'Show how an engineering task stands',
  ...statusOf('engineering'),
  examples: ['orchestrator engineering status task_0198…', 'orchestrator engineering status --project todo-api --json'],
});
