import type { WorkerLogEntry } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { openScreen, type Screen } from '../../render/screen.js';
import { logLine } from '../../render/worker.js';
import { withNext } from '../../translate-error.js';
import { WorkerCommand, workerArg } from '../../worker-command.js';

/** What reading came to. */
interface Logged {
  worker_id: string;
  lines: number;
  last_seq: string | null;
}

/** Prints what a worker and its agent wrote. */
export default class WorkerLogs extends WorkerCommand<Logged> {
  static override description =
    'The last lines, for a day, also of a worker that is gone. With --follow it goes on until Ctrl-C. With --json each ' +
    'line is a line of JSON with its seq, and the last line is the envelope. Secrets are redacted; where an agent ' +
    'prints very much, lines are left out.';
  static override args = workerArg;
  static override flags = {
    follow: Flags.boolean({ description: 'Go on with what comes' }),
    since: Flags.string({ description: 'Only lines after this seq', helpValue: 'SEQ' }),
    limit: Flags.integer({
      description: 'Lines to begin with, up to 2000',
      min: 1,
      max: 2000,
      default: 200,
      helpValue: 'N',
    }),
  };
  static override examples = ['orchestrator worker logs w-0198…', 'orchestrator worker logs w-0198… --follow --json'];

  async run(): Promise<Logged> {
    const { args, flags } = await this.parse(WorkerLogs);
    const { since, limit, follow } = flags;
    const { json, env, output, signal } = this.runtime;
    const screen = await openScreen(process.stdout, env);
    const print = (line: WorkerLogEntry) => output.out(`${json ? JSON.stringify(line) : logLine(line, screen)}\n`);
    const onInterruption = () => void output.err('Redis does not answer; trying again\n');
    return await this.onWorker(args.worker, flags, async (client, worker_id) => {
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
  }

  render({ lines }: Logged, { paint }: Screen): string {
    return lines === 0 ? paint.dim('No lines.') : '';
  }
}
