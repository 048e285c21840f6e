import type { Orchestrator } from '@codegen/sdk';
import { type ErrorCode, isOrchestratorError } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { GlobalFlags } from './base-command.js';
import { inputRequired } from './prompts.js';
import { RedisCommand } from './redis-command.js';
import { withNext } from './translate-error.js';

/** The argument that names a worker. */
export const workerArg = {
  worker: Args.string({ description: 'Id of the worker, see worker list', ignoreStdin: true }),
};

/** How long to wait, where a command waits for worker-manager or a turn. */
export const timeoutFlag = {
  timeout: Flags.string({ description: 'Wait so long at most', helpValue: '30s' }),
};

/** A command about one worker. */
export abstract class WorkerCommand<T = unknown> extends RedisCommand<T> {
  static override readonly failsWith: readonly ErrorCode[] = [...RedisCommand.failsWith, 'WORKER_FAILED', 'TIMEOUT'];

  /** Does something with a worker. @throws OrchestratorError INPUT_REQUIRED without an id */
  protected async onWorker<R>(
    id: string | undefined,
    flags: GlobalFlags,
    work: (client: Orchestrator, worker: string) => Promise<R>,
  ): Promise<R> {
    if (id === undefined) throw inputRequired([{ name: 'WORKER', question: 'Worker:' }]);
    return await this.onWorkers(flags, (client) => work(client, id));
  }

  /** Does something with workers. */
  protected async onWorkers<R>(flags: GlobalFlags, work: (client: Orchestrator) => Promise<R>): Promise<R> {
    try {
      return await this.withClient(flags, work);
    } catch (error) {
      throw advised(error);
    }
  }
}

function advised(error: unknown): unknown {
  if (!isOrchestratorError(error) || error.next) return error;
  const step = (command: string, when: string) => withNext(error, [{ command, when }]);
  if (error.code === 'NOT_FOUND') return step('orchestrator worker list', 'to see which workers there are');
  if (error.code === 'TIMEOUT') return step('orchestrator diagnose workers', 'to see whether worker-manager runs');
  return error;
}
