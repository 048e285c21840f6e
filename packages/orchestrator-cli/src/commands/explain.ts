import type { Explanation } from '@codegen/sdk';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../base-command.js';
import { inputRequired } from '../prompts.js';
import { renderExplanation } from '../render/explanation.js';
import type { Screen } from '../render/screen.js';

/** Tells a task's whole story. */
export default class Explain extends BaseCommand<Explanation> {
  static override description =
    'One timeline over the API, the events, the queues (where Redis is in reach), workers and git. What caused something ' +
    'stands before it. The last lines say how the task stands, why, and what to do.';
  static override args = {
    task: Args.string({ description: 'Id of the task, or of the call that it came of', ignoreStdin: true }),
  };
  static override examples = [
    'orchestrator explain task_0198…',
    'orchestrator explain 7b0c5ad0…',
    'orchestrator explain task_0198… --json',
  ];
  static override failsWith = ['TASK_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  async run(): Promise<Explanation> {
    const { args, flags } = await this.parse(Explain);
    if (args.task === undefined) throw inputRequired([{ name: 'TASK', question: 'Task:' }]);
    const { client } = await this.client(flags);
    const explanation = await client.tasks.explain(args.task, { signal: this.signal });
    this.runtime.meta.correlation_id = explanation.task.correlation_id;
    if (explanation.related.length > 0) {
      const others = explanation.related.map(({ id }) => id).join(', ');
      this.runtime.warnings.push(`other tasks came of the same call: ${others}`);
    }
    return explanation;
  }

  render(explanation: Explanation, screen: Screen): string {
    return renderExplanation(explanation, screen);
  }
}
