import type { WorkerSummary } from '@codegen/contracts';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { onWorkers, workerErrors } from '../../operations/on-workers.js';
import { renderWorkers } from '../../render/worker.js';

export default defineCommand({
  id: 'worker.list',
  summary: 'List the workers',
  effect: 'read',
  description:
    'Every worker that worker-manager knows: starting (also those that wait for a slot), idle, busy or lost.',
  examples: ['orchestrator worker list', 'orchestrator worker list --json'],
  failsWith: workerErrors,

  async run(_input, context): Promise<{ items: WorkerSummary[] }> {
    const { signal } = context;
    return { items: await onWorkers(context, (client) => client.workers.list({ signal })) };
  },

  render({ items }: { items: WorkerSummary[] }, screen: Screen): string {
    return renderWorkers(items, screen);
  },
});
