import { deleteWorkerCommand, workerCommands, workerResponseKey } from '@codegen/contracts';
import { dispatch, outgoing } from '../dispatch.js';
import type { FlowDeps } from '../flow.js';
import { requestId } from '../request-id.js';
import type { ThreadInput } from '../threads.js';

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

/** Has a worker deleted; the answer comes as a response of the worker-manager. Gives the request id of the wait. */
export async function dispatchDelete(
  deps: FlowDeps,
  input: ThreadInput,
  workerId: string,
  { deadlineMs }: { deadlineMs?: number } = {},
): Promise<{ id: string; first: boolean }> {
  const id = deleteRequestId(input, workerId);
  const first = await dispatch(deps, input.request_id, {
    requestId: id,
    step: 'delete',
    messages: [deleteCommand(input, workerId)],
    responseKey: workerResponseKey(id),
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  return { id, first };
}
