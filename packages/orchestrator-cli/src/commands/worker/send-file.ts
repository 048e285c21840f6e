import { basename } from 'node:path';
import { z } from 'zod';
import { workerInput } from '../../input/fields.js';
import { exactText, readFileOf } from '../../input/files.js';
import { defineCommand } from '../../kit/define-command.js';
import { absent, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { onWorker, workerErrors } from '../../operations/on-workers.js';

/** What was written where. */
interface SentFile {
  worker_id: string;
  path: string;
  bytes: number;
}

export default defineCommand({
  id: 'worker.send-file',
  summary: 'Write a local file inside a worker',
  effect: 'change',
  notInMcp: 'reads files of this machine',
  description: 'Text in UTF-8, below repo/ (the clone, but for .git) or home/; home/<name> by default.',
  input: () =>
    z.object({
      ...workerInput(),
      file: z.string().optional().meta({ positional: true, description: 'The local file; - for standard input' }),
      path: z.string().optional().meta({ positional: true, description: 'Where it goes, inside the worker' }),
      idempotency_key: z.string().optional().meta({ description: 'Makes a repeated call the same call', value: 'KEY' }),
    }),
  examples: [
    'orchestrator worker send-file w-0198… notes.md',
    'orchestrator worker send-file w-0198… notes.md repo/docs/notes.md --json',
  ],
  failsWith: [...workerErrors, 'VALIDATION_FAILED', 'IDEMPOTENCY_MISMATCH'],

  async run(input, context): Promise<SentFile> {
    const { file, path = file === undefined || file === '-' ? undefined : `home/${basename(file)}` } = input;
    if (file === undefined || path === undefined) {
      const own = file === '-' ? { PATH: path } : { FILE: file };
      throw inputRequired(absent({ WORKER: input.worker, ...own }));
    }
    return await onWorker(context, input.worker, async (client, worker_id) => {
      const bytes = await readFileOf(file, 'FILE', context.signal);
      const content = exactText(bytes, 'FILE');
      const idempotencyKey = context.idempotencyKey({ worker_id, path, content });
      const call = { idempotencyKey, onReplay: context.onReplay, signal: context.signal };
      await client.workers.sendFile(worker_id, { path, content }, call);
      return { worker_id, path, bytes: bytes.length };
    });
  },

  render({ worker_id, path, bytes }: SentFile, { paint }: Screen): string {
    return `${paint.green('written')}  ${path} in ${worker_id}, ${bytes} bytes`;
  },
});
