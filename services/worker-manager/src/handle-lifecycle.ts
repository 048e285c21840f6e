import type { WorkerLifecycleEvent } from '@codegen/contracts';
import { answerAsked } from './answer-commands.js';
import type { Manager } from './manager.js';

/** Follows what workers do, and answers a send_message when its turn has ended. */
export async function handleLifecycle(event: WorkerLifecycleEvent, manager: Manager): Promise<void> {
  const { records, busy, redis, locks } = manager;
  const { worker_id, request_id } = event;
  if (event.event === 'started') {
    await locks.run(worker_id, async () => {
      const record = records.get(worker_id);
      if (record?.state === 'starting') await records.put({ ...record, state: 'running' });
    });
    if (request_id !== null && records.get(worker_id)) busy.set(worker_id, request_id);
    return;
  }
  busy.delete(worker_id);
  if (request_id === null || event.event === 'stopped') return;
  const success = event.event === 'completed';
  await answerAsked(redis, request_id, { success, response: event.result, error: event.error });
}
