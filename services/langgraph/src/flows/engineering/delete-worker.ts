import { deleteWorkerCommand, type WorkerResponse, workerCommands, workerResponseKey } from '@codegen/contracts';
import { dispatch, outgoing } from '../../engine/dispatch.js';
import { requestId } from '../../engine/request-id.js';
import type { ThreadInput } from '../../engine/threads.js';
import type { WaitResult } from '../../engine/waits.js';
import type { FlowDeps } from '../flow.js';

/** The request id of a worker's deletion. */
function deleteRequestId(input: ThreadInput, workerId: string): string {
  return requestId(input.request_id, 'delete', workerId);
}

/** The command that deletes a worker. */
export function deleteCommand(input: ThreadInput, workerId: string) {
  return outgoing(
    workerCommands,
    deleteWorkerCommand.parse({
      request_id: deleteRequestId(input, workerId),
      correlation_id: input.correlation_id,
      worker_id: workerId,
    }),
  );
}

/** Why a worker is not proven gone; undefined where it is. */
export function deletionFailure(result: WaitResult): string | undefined {
  if (result.kind === 'failed') return result.error;
  if (result.kind !== 'answer') return result.kind;
  const { success, error } = result.message as Partial<WorkerResponse>;
  return success ? undefined : (error ?? 'no reason was given');
}

/** Milliseconds that a deletion may take, a manager that starts anew included. */
const DELETE_MS = 5 * 60_000;
/** Milliseconds that a deletion still counts after a request to cancel: the command stays in its queue. */
export const DELETE_CANCEL_MS = 2500;

/** Has a worker deleted; the answer comes as a response of the worker-manager. Gives the request id of the wait. */
export async function dispatchDelete(
  deps: FlowDeps,
  input: ThreadInput,
  workerId: string,
  { deadlineMs = DELETE_MS, patienceMs }: { deadlineMs?: number; patienceMs?: number | undefined } = {},
): Promise<{ id: string; first: boolean }> {
  const id = deleteRequestId(input, workerId);
  const wait = {
    requestId: id,
    step: 'delete',
    messages: [deleteCommand(input, workerId)],
    responseKey: workerResponseKey(id),
    silence: `the worker-manager did not say that ${workerId} is gone`,
    deadlineMs,
    cancelAfterMs: DELETE_CANCEL_MS,
  };
  return { id, first: await dispatch(deps, input.request_id, wait, { patienceMs }) };
}
