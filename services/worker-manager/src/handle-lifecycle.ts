import { type WorkerLifecycleEvent, workerResultKey } from '@codegen/contracts';
import { answerAsked } from './answer-commands.js';
import type { Manager } from './manager.js';

/** Follows what workers do, of whichever manager, and answers a send_message when its turn has ended. */
export async function handleLifecycle(event: WorkerLifecycleEvent, manager: Manager): Promise<void> {
  const { ownership, redis } = manager;
  const { worker_id, request_id } = event;
  if (await ownership.lookUp(worker_id)) {
    const begins = event.event === 'started' && request_id !== null;
    // Two managers may read the beginning of a turn and its end in either order.
    const isOver = !begins || (await redis.exists(workerResultKey(worker_id, request_id))) === 1;
    await ownership.noteTurn(worker_id, isOver ? '' : request_id);
  }
  if (request_id === null || event.event === 'started' || event.event === 'stopped') return;
  const success = event.event === 'completed';
  await answerAsked(redis, request_id, { success, response: event.result, error: event.error });
}
