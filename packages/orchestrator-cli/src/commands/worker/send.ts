import type { WorkerTurn } from '@codegen/sdk';
import { isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { optionalDuration } from '../../input/duration.js';
import { timeoutInput, workerInput } from '../../input/fields.js';
import { exactText, readFileOf, readStdin } from '../../input/files.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { absent, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { manyLines } from '../../kit/text.js';
import { onWorker, workerErrors } from '../../operations/on-workers.js';

export default defineCommand({
  id: 'worker.send',
  summary: "Send a prompt to a worker and wait for the turn's text",
  effect: 'change',
  description:
    'Ctrl-C and --timeout let go of the turn. A turn that nobody waits for goes on, and --resume REQUEST_ID reads ' +
    'its text, for an hour after its end.',
  input: () =>
    z.object({
      ...workerInput(),
      message: z.string().optional().meta({ positional: true, description: 'The prompt; - for standard input' }),
      file: z.string().optional().meta({ description: 'The prompt, from a file', value: 'FILE' }),
      resume: z
        .string()
        .optional()
        .meta({ description: 'Wait for a turn that was asked for before', value: 'REQUEST_ID' }),
      no_wait: z.boolean().optional().meta({ description: 'Return at once' }),
      turn_timeout: z
        .string()
        .optional()
        .meta({ description: 'How long the turn may take; 30m by default', value: '30m' }),
      idempotency_key: z.string().optional().meta({ description: 'Makes a repeated call the same turn', value: 'KEY' }),
      ...timeoutInput(),
    }),
  examples: [
    'orchestrator worker send w-0198… "Which routes are there?"',
    'orchestrator worker send w-0198… - --timeout 5m < prompt.md',
    'orchestrator worker send w-0198… --resume 7d9f4c7e-…',
  ],
  failsWith: [...workerErrors, 'IDEMPOTENCY_MISMATCH', 'STILL_RUNNING'],

  async run(input, context): Promise<WorkerTurn> {
    const { signal } = context;
    const timeoutMs = optionalDuration(input.timeout, '--timeout');
    const turnMs = optionalDuration(input.turn_timeout, '--turn-timeout');
    const asks = input.message ?? input.file ?? input.resume;
    if (input.worker === undefined || asks === undefined) {
      throw inputRequired(absent({ WORKER: input.worker, MESSAGE: asks }));
    }
    let turn: { worker: string; request: string } | undefined;
    try {
      return await onWorker(context, input.worker, async (client, worker) => {
        if (input.resume !== undefined) {
          turn = { worker, request: input.resume };
          return await client.workers.answer(worker, input.resume, { timeoutMs, signal });
        }
        const message = await prompt(context, input.message, input.file);
        const idempotencyKey = context.idempotencyKey({ worker, message });
        const turnSeconds = turnMs === undefined ? undefined : Math.ceil(turnMs / 1000);
        const call = { idempotencyKey, onReplay: context.onReplay, signal };
        const sent = await client.workers.send(worker, message, { ...call, turnSeconds, wait: false });
        turn = { worker, request: sent.request_id };
        if (input.no_wait) return sent;
        return await client.workers.answer(worker, sent.request_id, { timeoutMs, signal });
      });
    } catch (error) {
      const letsGo = ['STILL_RUNNING', 'INTERRUPTED', 'TERMINATED', 'REDIS_UNAVAILABLE'];
      if (!turn || !isOrchestratorError(error) || !letsGo.includes(error.code)) throw error;
      const command = paste`orchestrator worker send ${turn.worker} --resume ${turn.request}`;
      const details = { worker_id: turn.worker, request_id: turn.request };
      const stopped = error.code === 'INTERRUPTED' || error.code === 'TERMINATED';
      const told = stopped
        ? new OrchestratorError(error.code, `${error.message}; the turn goes on`, { ...error, cause: error })
        : error;
      throw withNext(told, [{ command, when: 'to wait for its text' }], details);
    }
  },

  render({ worker_id, request_id, response }: WorkerTurn, { paint }: Screen): string {
    if (response !== null) return manyLines(response).trimEnd();
    const next = `${paint.bold('Next:')} ${paste`orchestrator worker send ${worker_id} --resume ${request_id}`}`;
    return `${paint.green('sent')}  ${request_id}\n\n${next}`;
  },
});

async function prompt(context: Context, argument: string | undefined, file: string | undefined): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new OrchestratorError('USAGE', 'MESSAGE and --file exclude each other');
  }
  if (file !== undefined) return exactText(await readFileOf(file, '--file', context.signal), 'the text');
  if (argument === '-') return exactText(await readStdin(context.signal), 'the text');
  if (argument !== undefined && argument.trim() !== '') return argument;
  throw inputRequired([{ name: 'MESSAGE', question: 'Message:' }]);
}
