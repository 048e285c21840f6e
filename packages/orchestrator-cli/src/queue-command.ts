import type { Orchestrator } from '@codegen/sdk';
import * as Args from '@oclif/core/args';
import type { GlobalFlags } from './base-command.js';
import { inputRequired } from './prompts.js';
import { queueError, RedisCommand } from './redis-command.js';

/** The argument that names a queue. */
export const queueArg = {
  queue: Args.string({ description: 'Name of the queue, see queue list', ignoreStdin: true }),
};

/** A command about one queue. */
export abstract class QueueCommand<T = unknown> extends RedisCommand<T> {
  /** Does something with a queue. @throws OrchestratorError NOT_FOUND with the name that was probably meant */
  protected async onQueue<R>(
    name: string | undefined,
    flags: GlobalFlags,
    work: (client: Orchestrator, queue: string) => Promise<R>,
  ): Promise<R> {
    if (name === undefined) {
      const { queues } = await import('@codegen/contracts');
      throw inputRequired([{ name: 'QUEUE', question: 'Queue:', choices: queues.map(({ stream }) => stream) }]);
    }
    try {
      return await this.withClient(flags, (client) => work(client, name));
    } catch (error) {
      throw queueError(error, name);
    }
  }
}
