import type { WorkerTurn } from '@codegen/sdk';
import { isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../../duration.js';
import { absent, inputRequired } from '../../prompts.js';
import { exactText, readFileOf, readStdin } from '../../read-input.js';
import type { Screen } from '../../render/screen.js';
import { manyLines } from '../../render/text.js';
import { withNext } from '../../translate-error.js';
import { timeoutFlag, WorkerCommand, workerArg } from '../../worker-command.js';

/** Sends a prompt to a worker. */
export default class WorkerSend extends WorkerCommand<WorkerTurn> {
  static override description =
    'Ctrl-C and --timeout let go of the turn. A turn that nobody waits for goes on, and --resume REQUEST_ID reads ' +
    'its text, for an hour after its end.';
  static override args = {
    ...workerArg,
    message: Args.string({ description: 'The prompt; - for standard input', ignoreStdin: true }),
  };
  static override flags = {
    file: Flags.string({ description: 'The prompt, from a file', helpValue: 'FILE' }),
    resume: Flags.string({ description: 'Wait for a turn that was asked for before', helpValue: 'REQUEST_ID' }),
    'no-wait': Flags.boolean({ description: 'Return at once' }),
    'turn-timeout': Flags.string({ description: 'How long the turn may take; 30m by default', helpValue: '30m' }),
    'idempotency-key': Flags.string({ description: 'Makes a repeated call the same turn', helpValue: 'KEY' }),
    ...timeoutFlag,
  };
  static override examples = [
    'orchestrator worker send w-0198… "Which routes are there?"',
    'orchestrator worker send w-0198… - --timeout 5m < prompt.md',
    'orchestrator worker send w-0198… --resume 7d9f4c7e-…',
  ];
  static override failsWith = [...WorkerCommand.failsWith, 'IDEMPOTENCY_MISMATCH', 'STILL_RUNNING'] as const;

  async run(): Promise<WorkerTurn> {
    const { args, flags } = await this.parse(WorkerSend);
    const { signal } = this;
    const duration = (name: 'timeout' | 'turn-timeout') =>
      flags[name] === undefined ? undefined : parseDuration(flags[name], `--${name}`);
    const timeoutMs = duration('timeout');
    const turnMs = duration('turn-timeout');
    const asks = args.message ?? flags.file ?? flags.resume;
    if (args.worker === undefined || asks === undefined) {
      throw inputRequired(absent({ WORKER: args.worker, MESSAGE: asks }));
    }
    let turn: { worker: string; request: string } | undefined;
    try {
      return await this.onWorker(args.worker, flags, async (client, worker) => {
        if (flags.resume !== undefined) {
          turn = { worker, request: flags.resume };
          return await client.workers.answer(worker, flags.resume, { timeoutMs, signal });
        }
        const message = await this.prompt(args.message, flags.file);
        const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], { worker, message });
        const turnSeconds = turnMs === undefined ? undefined : Math.ceil(turnMs / 1000);
        const call = { idempotencyKey, onReplay: this.onReplay, signal };
        const sent = await client.workers.send(worker, message, { ...call, turnSeconds, wait: false });
        turn = { worker, request: sent.request_id };
        if (flags['no-wait']) return sent;
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
  }

  render({ worker_id, request_id, response }: WorkerTurn, { paint }: Screen): string {
    if (response !== null) return manyLines(response).trimEnd();
    const next = `${paint.bold('Next:')} ${paste`orchestrator worker send ${worker_id} --resume ${request_id}`}`;
    return `${paint.green('sent')}  ${request_id}\n\n${next}`;
  }

  private async prompt(argument: string | undefined, file: string | undefined): Promise<string> {
    if (argument !== undefined && file !== undefined) {
      throw new OrchestratorError('USAGE', 'MESSAGE and --file exclude each other');
    }
    if (file !== undefined) return exactText(await readFileOf(file, '--file', this.signal), 'the text');
    if (argument === '-') return exactText(await readStdin(this.signal), 'the text');
    if (argument !== undefined && argument.trim() !== '') return argument;
    throw inputRequired([{ name: 'MESSAGE', question: 'Message:' }]);
  }
}
