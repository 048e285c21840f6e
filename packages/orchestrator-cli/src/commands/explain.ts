import type { Explanation } from '@codegen/sdk';
import { z } from 'zod';
import { defineCommand } from '../kit/define-command.js';
import type { Screen } from '../kit/screen.js';
import { renderExplanation } from '../render/explanation.js';

export default defineCommand({
  id: 'explain',
  summary: "Tell a task's whole story: what happened, why, and what is next",
  effect: 'read',
  description:
    'One timeline over the API, the events, the queues (where Redis is in reach), workers and git. What caused something ' +
    'stands before it. The last lines say how the task stands, why, and what to do.',
  input: () =>
    z.object({
      task: z.string().min(1).max(200).meta({
        positional: true,
        description: 'Id of the task, or of the call that it came of',
        tool: 'Id of the task, or the correlation id of its call',
      }),
    }),
  examples: [
    'orchestrator explain task_0198…',
    'orchestrator explain 7b0c5ad0…',
    'orchestrator explain task_0198… --json',
  ],
  failsWith: ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<Explanation> {
    const { client } = await context.client();
    const explanation = await client.tasks.explain(input.task, { signal: context.signal });
    context.runtime.meta.correlation_id = explanation.task.correlation_id;
    if (explanation.related.length > 0) {
      const others = explanation.related.map(({ id }) => id).join(', ');
      context.runtime.warnings.push(`other tasks came of the same call: ${others}`);
    }
    return explanation;
  },

  render(explanation: Explanation, screen: Screen): string {
    return renderExplanation(explanation, screen);
  },
});
