import { send } from './dispatch.js';
import { deleteCommand } from './engineering/delete-worker.js';
import { type FlowDeps, failed } from './flow.js';
import { endTask } from './report.js';
import type { Endings } from './resume.js';
import type { ThreadInput } from './threads.js';

/** What is done with flows that cannot go on: their workers are deleted, nobody waits for it. */
export function makeEndings(deps: FlowDeps): Endings {
  const deleteWorkers = async (input: ThreadInput, values: Record<string, unknown>) => {
    const workers = (values.workers ?? []) as string[];
    await send(
      deps.redis,
      workers.map((workerId) => deleteCommand(input, workerId)),
    );
  };
  return {
    abandon: ({ input }, values) => deleteWorkers(input, values),
    giveUp: async ({ input }, values, error) => {
      await deleteWorkers(input, values);
      const text = error instanceof Error ? error.message : String(error);
      const epoch = (values.epoch as number | undefined) || input.epoch;
      await endTask(deps, input, epoch, failed('internal_error', `the orchestrator failed: ${text}`));
    },
  };
}
