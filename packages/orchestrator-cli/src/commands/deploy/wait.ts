import { defineCommand } from '../../kit/define-command.js';
import { waitFor } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'deploy.wait',
  summary: 'Follow a deploy task to its end',
  ...waitFor('deploy'),
  examples: ['orchestrator deploy wait task_0198…', 'orchestrator deploy wait --project todo-api --timeout 15m --json'],
});
