import type { WorkerSummary } from '@codegen/contracts';
import type { Screen } from '../../render/screen.js';
import { renderWorkers } from '../../render/worker.js';
import { WorkerCommand } from '../../worker-command.js';

/** Lists the workers. */
export default class WorkerList extends WorkerCommand<{ items: WorkerSummary[] }> {
  static override description =
    'Every worker that worker-manager knows: starting (also those that wait for a slot), idle, busy or lost.';
  static override examples = ['orchestrator worker list', 'orchestrator worker list --json'];

  async run(): Promise<{ items: WorkerSummary[] }> {
    const { flags } = await this.parse(WorkerList);
    const { signal } = this;
    return { items: await this.onWorkers(flags, (client) => client.workers.list({ signal })) };
  }

  render({ items }: { items: WorkerSummary[] }, screen: Screen): string {
    return renderWorkers(items, screen);
  }
}
