import { defineCommand } from '../../kit/define-command.js';
import { waitFor } from '../../operations/task-commands.js';

export default defineCommand({
  id: 'engineering.wait',
  summary: 'Follow an engineering task to its end',
  ...waitFor('engineering'),
  examples: [
    'orchestrator engineering wait task_0198…',
    'orchestrator engineering wait --project todo-api --timeout 15m --json',
  ],
});
