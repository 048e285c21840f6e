import { respond } from './answer-commands.js';
import { answerInputs, deliverOutbox, removeInputs } from './answer-inputs.js';
import { type Manager, silentWorker } from './manager.js';
import { isWorkerId } from './worker-records.js';

/**
 * Ends a worker with everything it has started, answers what it was asked, and removes its folder. Deleting a worker
 * that is not there succeeds, and a create for it that comes later is refused.
 */
export async function deleteWorker(workerId: string, manager: Manager): Promise<void> {
  if (!isWorkerId(workerId)) return;
  const { gone, redis, records, runtime, busy, logger } = manager;
  const failure = { reason: 'cancelled', error: 'the worker was deleted' } as const;
  const record = records.get(workerId);
  const worker = record ? silentWorker(record) : undefined;
  const { worker_type = null, context = {} } = worker ?? {};
  // First, so that a create that is delivered again starts nothing, wherever this stops.
  await gone.add({ worker_id: workerId, worker_type, context, ...failure, gone_at: Date.now() });
  await runtime.end(workerId, record?.handle);
  const types = worker_type ? [worker_type] : (['developer', 'po'] as const);
  if (worker) await deliverOutbox(redis, worker, records.folder(workerId), manager.logger);
  for (const type of types) {
    await answerInputs(redis, { worker_id: workerId, worker_type: type, context }, failure);
    await removeInputs(redis, { worker_id: workerId, worker_type: type });
  }
  if (record?.state === 'queued') await respond(redis, { request_id: record.request_id, ...deleted });
  await records.remove(workerId);
  busy.delete(workerId);
  if (record) logger.info({ worker_id: workerId, task_id: context.task_id, state: record.state }, 'worker deleted');
  manager.fillSlots();
}

const deleted = { success: false, worker_id: null, error: 'the worker was deleted before it had started' };
