import { PermanentError } from '@codegen/sdk/errors';
import { FileError } from '@codegen/sdk/files';
import type { Runtime } from './runtimes/runtime.js';

/**
 * Writes a file inside a worker: below `repo`, its clone, or `home`. Nothing is written through a link.
 * @throws {PermanentError} where the path leads anywhere else, or something is in its way
 */
export async function writeWorkerFile(
  runtime: Runtime,
  workerId: string,
  { path, content }: { path: string; content: string },
): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const isInside = !path.startsWith('/') && !parts.includes('..') && !path.includes('\0') && parts.length > 1;
  if (!isInside || !['repo', 'home'].includes(parts[0] as string)) {
    throw new PermanentError('path must be relative and begin with repo/ or home/, without ".."');
  }
  if (parts[0] === 'repo' && parts[1]?.toLowerCase() === '.git')
    throw new PermanentError('path may not be below repo/.git');
  await runtime.writeFile(workerId, path, content).catch((error: unknown) => {
    if (!(error instanceof FileError) || error.problem === 'unavailable') throw error;
    throw new PermanentError(error.message, { cause: error });
  });
}
