import { z } from 'zod';
import { workerInput, yesInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { confirm } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { onWorker, workerErrors } from '../../operations/on-workers.js';

export default defineCommand({
  id: 'worker.delete',
  summary: 'End a worker and remove it',
  effect: 'destroy',
  description:
    'Ends it with everything it has started; what it was asked is answered as cancelled, and its folder is removed with ' +
    'all that was not pushed. Deleting what is not there succeeds. Asks first in a terminal, elsewhere needs --yes.',
  input: () =>
    z.object({
      ...workerInput(),
      ...yesInput(),
    }),
  examples: ['orchestrator worker delete w-0198…', 'orchestrator worker delete w-0198… --yes --json'],
  failsWith: workerErrors,

  async run(input, context): Promise<{ worker_id: string; status: 'stopped' }> {
    const { signal } = context;
    return await onWorker(context, input.worker, async (client, worker_id) => {
      const asking = { yes: input.yes, mayAsk: context.mayPrompt, signal };
      const command = `orchestrator worker delete ${worker_id}`;
      await confirm(`End ${worker_id} with all that it does?`, { ...asking, command });
      await client.workers.delete(worker_id, { signal });
      return { worker_id, status: 'stopped' as const };
    });
  },

  render({ worker_id }: { worker_id: string }, { paint }: Screen): string {
    return `${paint.green('deleted')}  ${worker_id}`;
  },
});
