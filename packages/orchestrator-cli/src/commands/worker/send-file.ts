import { basename } from 'node:path';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { absent, inputRequired } from '../../prompts.js';
import { exactText, readFileOf } from '../../read-input.js';
import type { Screen } from '../../render/screen.js';
import { WorkerCommand, workerArg } from '../../worker-command.js';

/** What was written where. */
interface SentFile {
  worker_id: string;
  path: string;
  bytes: number;
}

/** Writes a local file inside a worker. */
export default class WorkerSendFile extends WorkerCommand<SentFile> {
  static override description =
    'Text in UTF-8, below repo/ (the clone, but for .git) or home/; home/<name> by default.';
  static override args = {
    ...workerArg,
    file: Args.string({ description: 'The local file; - for standard input', ignoreStdin: true }),
    path: Args.string({ description: 'Where it goes, inside the worker', ignoreStdin: true }),
  };
  static override flags = {
    'idempotency-key': Flags.string({ description: 'Makes a repeated call the same call', helpValue: 'KEY' }),
  };
  static override examples = [
    'orchestrator worker send-file w-0198… notes.md',
    'orchestrator worker send-file w-0198… notes.md repo/docs/notes.md --json',
  ];
  static override failsWith = [...WorkerCommand.failsWith, 'VALIDATION_FAILED', 'IDEMPOTENCY_MISMATCH'] as const;

  async run(): Promise<SentFile> {
    const { args, flags } = await this.parse(WorkerSendFile);
    const { file, path = file === undefined || file === '-' ? undefined : `home/${basename(file)}` } = args;
    if (file === undefined || path === undefined) {
      const own = file === '-' ? { PATH: path } : { FILE: file };
      throw inputRequired(absent({ WORKER: args.worker, ...own }));
    }
    return await this.onWorker(args.worker, flags, async (client, worker_id) => {
      const bytes = await readFileOf(file, 'FILE', this.signal);
      const content = exactText(bytes, 'FILE');
      const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], { worker_id, path, content });
      const call = { idempotencyKey, onReplay: this.onReplay, signal: this.signal };
      await client.workers.sendFile(worker_id, { path, content }, call);
      return { worker_id, path, bytes: bytes.length };
    });
  }

  render({ worker_id, path, bytes }: SentFile, { paint }: Screen): string {
    return `${paint.green('written')}  ${path} in ${worker_id}, ${bytes} bytes`;
  }
}
