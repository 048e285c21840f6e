import { workerAliveKey } from '@codegen/contracts';
import { respond } from './answer-commands.js';
import { answerInputs, deliverOutbox, removeInputs } from './answer-inputs.js';
import { forgetWorker, type Manager, silentWorker } from './manager.js';
import { untilSilent } from './take-over.js';
import { isWorkerId } from './worker-records.js';

/**
 * Ends a worker of this manager, or of none, with everything it has started, answers what it was asked, and removes its
 * files. Deleting a worker that is not there succeeds, and a create for it that comes later is refused.
 */
export async function deleteWorker(workerId: string, manager: Manager): Promise<void> {
  if (!isWorkerId(workerId)) return;
  const { gone, redis, records, runtime, logger } = manager;
  const record = records.get(workerId);
  const worker = record ? silentWorker(record) : undefined;
  const { worker_type = null, context = {} } = worker ?? {};
  // First, so that a create that is delivered again starts nothing, wherever this stops.
  await gone.add({ worker_id: workerId, worker_type, context, ...wasDeleted, gone_at: Date.now() });
  await runtime.end(workerId, record?.handle);
  if (record) await redis.del(workerAliveKey(workerId));
  else await untilSilent(redis, workerId);
  const types = worker_type ? [worker_type] : (['developer', 'po'] as const);
  if (worker) await deliverOutbox(redis, worker, manager);
  for (const type of types) {
    await answerInputs(redis, { worker_id: workerId, worker_type: type, context }, wasDeleted);
    await removeInputs(redis, { worker_id: workerId, worker_type: type });
  }
  if (record?.state === 'queued') await respond(redis, { request_id: record.request_id, ...deleted });
  await forgetWorker(workerId, manager);
  if (record) logger.info({ worker_id: workerId, task_id: context.task_id, state: record.state }, 'worker deleted');
  manager.fillSlots();
}

/** What the inputs of a worker that was deleted are answered with. */
export const wasDeleted = { reason: 'cancelled', error: 'the worker was deleted' } as const;
const deleted = { success: false, worker_id: null, error: 'the worker was deleted before it had started' };
