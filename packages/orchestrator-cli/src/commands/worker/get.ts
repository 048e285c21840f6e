import type { Screen } from '../../render/screen.js';
import { type KnownWorker, renderWorker } from '../../render/worker.js';
import { WorkerCommand, workerArg } from '../../worker-command.js';

/** Shows a worker. */
export default class WorkerGet extends WorkerCommand<KnownWorker> {
  static override description = 'Of a worker that was deleted not long ago only that it is stopped.';
  static override args = workerArg;
  static override examples = ['orchestrator worker get w-0198…', 'orchestrator worker get w-0198… --json'];

  async run(): Promise<KnownWorker> {
    const { args, flags } = await this.parse(WorkerGet);
    const { signal } = this;
    return await this.onWorker(args.worker, flags, (client, id) => client.workers.get(id, { signal }));
  }

  render(worker: KnownWorker, screen: Screen): string {
    return renderWorker(worker, screen);
  }
}
