import { z } from 'zod';
import { workerInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { onWorker, workerErrors } from '../../operations/on-workers.js';
import { type KnownWorker, renderWorker } from '../../render/worker.js';

export default defineCommand({
  id: 'worker.get',
  summary: 'Show a worker',
  effect: 'read',
  description: 'Of a worker that was deleted not long ago only that it is stopped.',
  input: () =>
    z.object({
      ...workerInput(),
    }),
  examples: ['orchestrator worker get w-0198…', 'orchestrator worker get w-0198… --json'],
  failsWith: workerErrors,

  async run(input, context): Promise<KnownWorker> {
    const { signal } = context;
    return await onWorker(context, input.worker, (client, id) => client.workers.get(id, { signal }));
  },

  render(worker: KnownWorker, screen: Screen): string {
    return renderWorker(worker, screen);
  },
});
