import type { Orchestrator } from '@codegen/sdk';
import { type ErrorCode, isOrchestratorError } from '@codegen/sdk/errors';
import type { Context } from '../kit/context.js';
import { withNext } from '../kit/errors.js';
import { inputRequired } from '../kit/prompts.js';
import { redisErrors, withRedis } from './on-redis.js';

/** How a command about workers fails. */
export const workerErrors = [...redisErrors, 'WORKER_FAILED', 'TIMEOUT'] as const satisfies ErrorCode[];

/** Does something with a worker. @throws OrchestratorError INPUT_REQUIRED without an id */
export async function onWorker<R>(
  context: Context,
  id: string | undefined,
  work: (client: Orchestrator, worker: string) => Promise<R>,
): Promise<R> {
  if (id === undefined) throw inputRequired([{ name: 'WORKER', question: 'Worker:' }]);
  return await onWorkers(context, (client) => work(client, id));
}

/** Does something with workers. */
export async function onWorkers<R>(context: Context, work: (client: Orchestrator) => Promise<R>): Promise<R> {
  try {
    return await withRedis(context, work);
  } catch (error) {
    throw advised(error);
  }
}

function advised(error: unknown): unknown {
  if (!isOrchestratorError(error) || error.next) return error;
  const step = (command: string, when: string) => withNext(error, [{ command, when }]);
  if (error.code === 'NOT_FOUND') return step('orchestrator worker list', 'to see which workers there are');
  if (error.code === 'TIMEOUT') return step('orchestrator diagnose workers', 'to see whether worker-manager runs');
  return error;
}
