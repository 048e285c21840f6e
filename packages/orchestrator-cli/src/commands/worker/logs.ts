import type { WorkerLogEntry } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { workerInput } from '../../input/fields.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import { openScreen, type Screen } from '../../kit/screen.js';
import { onWorker, workerErrors } from '../../operations/on-workers.js';
import { logLine } from '../../render/worker.js';

/** What reading came to. */
interface Logged {
  worker_id: string;
  lines: number;
  last_seq: string | null;
}

export default defineCommand({
  id: 'worker.logs',
  summary: 'Print what a worker and its agent wrote',
  effect: 'read',
  description:
    'The last lines, for a day, also of a worker that is gone. With --follow it goes on until Ctrl-C. With --json each ' +
    'line is a line of JSON with its seq, and the last line is the envelope. Secrets are redacted; where an agent ' +
    'prints very much, lines are left out.',
  input: () =>
    z.object({
      ...workerInput(),
      follow: z.boolean().optional().meta({ description: 'Go on with what comes' }),
      since: z.string().optional().meta({ description: 'Only lines after this seq', value: 'SEQ' }),
      limit: z.int().min(1).max(2000).default(200).meta({ description: 'Lines to begin with, up to 2000', value: 'N' }),
    }),
  examples: ['orchestrator worker logs w-0198…', 'orchestrator worker logs w-0198… --follow --json'],
  failsWith: workerErrors,

  async run(input, context): Promise<Logged> {
    const { since, limit, follow } = input;
    const { json, env, output, signal } = context.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (line: WorkerLogEntry) => output.out(`${json ? JSON.stringify(line) : logLine(line, screen)}\n`);
    const onInterruption = () => void output.err('Redis does not answer; trying again\n');
    return await onWorker(context, input.worker, async (client, worker_id) => {
      let last_seq = since ?? null;
      let lines = 0;
      try {
        for await (const line of client.workers.logs(worker_id, { since, limit, follow, signal, onInterruption })) {
          last_seq = line.seq;
          lines += 1;
          await print(line);
        }
        return { worker_id, lines, last_seq };
      } catch (error) {
        if (!isOrchestratorError(error) || last_seq === null || error.exitCode === 2) throw error;
        const command = paste`orchestrator worker logs ${worker_id} --follow --since ${last_seq}`;
        throw withNext(error, [{ command, when: 'to go on where this stopped' }], { worker_id, last_seq });
      }
    });
  },

  render({ lines }: Logged, { paint }: Screen): string {
    return lines === 0 ? paint.dim('No lines.') : '';
  },
});
