import { confirm } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { yesFlag } from '../../start-flags.js';
import { WorkerCommand, workerArg } from '../../worker-command.js';

/** Ends a worker and removes it. */
export default class WorkerDelete extends WorkerCommand<{ worker_id: string; status: 'stopped' }> {
  static override description =
    'Ends it with everything it has started; what it was asked is answered as cancelled, and its folder is removed with ' +
    'all that was not pushed. Deleting what is not there succeeds. Asks first in a terminal, elsewhere needs --yes.';
  static override args = workerArg;
  static override flags = yesFlag;
  static override examples = ['orchestrator worker delete w-0198…', 'orchestrator worker delete w-0198… --yes --json'];

  async run(): Promise<{ worker_id: string; status: 'stopped' }> {
    const { args, flags } = await this.parse(WorkerDelete);
    const { signal } = this;
    return await this.onWorker(args.worker, flags, async (client, worker_id) => {
      const asking = { yes: flags.yes, mayAsk: this.mayPrompt(flags), signal };
      const command = `orchestrator worker delete ${worker_id}`;
      await confirm(`End ${worker_id} with all that it does?`, { ...asking, command });
      await client.workers.delete(worker_id, { signal });
      return { worker_id, status: 'stopped' as const };
    });
  }

  render({ worker_id }: { worker_id: string }, { paint }: Screen): string {
    return `${paint.green('deleted')}  ${worker_id}`;
  }
}
