import { readFile } from 'node:fs/promises';
import { OrchestratorError } from '@codegen/sdk/errors';

/** Bytes of input that are read at most; the specs allowed are smaller, and their own check says so. */
const MOST_BYTES = 4 * 1024 * 1024;

/** All of standard input. @throws OrchestratorError SPEC_TOO_LARGE beyond 4 MiB */
export async function readStdin(signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = () => process.stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of process.stdin) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MOST_BYTES)
        throw new OrchestratorError('SPEC_TOO_LARGE', `standard input has over ${MOST_BYTES} bytes`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

/** A file's bytes. @throws OrchestratorError USAGE where it cannot be read */
export async function readFileOf(path: string, flag: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'error';
    throw new OrchestratorError('USAGE', `the file of ${flag} cannot be read: ${path} (${code})`, { cause });
  }
}

/** Bytes as text, kept exactly: line ends, a byte order mark, everything. @throws OrchestratorError VALIDATION_FAILED where it is not UTF-8 */
export function exactText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OrchestratorError('VALIDATION_FAILED', 'the spec is not UTF-8 text', { cause });
  }
}
