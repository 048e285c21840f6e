import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { ciKeyInput, taskInput, waitInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import type { Screen } from '../../kit/screen.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import { renderStarted } from '../../render/started.js';

export default defineCommand({
  id: 'task.retry',
  summary: 'Start a failed or cancelled task again',
  effect: 'change',
  description:
    'The same task, with the same spec, goes back in line as its next attempt. ' +
    'Without --wait the command returns the task at once.',
  input: () =>
    z.object({
      ...taskInput(),
      ...waitInput(),
      ...ciKeyInput(),
    }),
  examples: ['orchestrator task retry task_0198…', 'orchestrator task retry task_0198… --wait=15m'],
  failsWith: ['TASK_NOT_FOUND', 'CONFLICT', 'UNAUTHENTICATED', 'STILL_RUNNING', 'NETWORK'],

  async run(input, context): Promise<StartedTask> {
    const { task } = input;
    const { client } = await context.client();
    // Each attempt can be retried once by a job, however often the step is repeated meanwhile: where none has failed now,
    // it was the one before.
    const known = context.derivesKey ? await client.tasks.get(task, { signal: context.signal }) : undefined;
    const hasFailed = known?.status === 'failed' || known?.status === 'cancelled';
    const about = { task, attempt: known && (hasFailed ? known.attempt : known.attempt - 1) };
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey(about) };
    const start = () =>
      client.tasks.retry(task, call).catch((error: unknown) => {
        if (!isOrchestratorError(error) || error.code !== 'CONFLICT') throw error;
        throw withNext(error, [{ command: paste`orchestrator task get ${task}`, when: 'to see how it stands' }]);
      });
    return await startAndFollow(client, { start }, context.runtime, input);
  },

  render(task: StartedTask, screen: Screen): string {
    return renderStarted(task, screen);
  },
});
