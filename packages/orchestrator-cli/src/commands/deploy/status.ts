import { defineCommand } from '../../kit/define-command.js';
import { statusOf } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'deploy.status',
  summary: 'Show how a deploy task stands',
  ...statusOf('deploy'),
  examples: ['orchestrator deploy status task_0198…', 'orchestrator deploy status --project todo-api --json'],
});
