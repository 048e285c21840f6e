import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OrchestratorError } from '@codegen/sdk/errors';

/** A new file for one secret. */
export interface SecretFile {
  /** Writes the secret and returns where. */
  write(secret: string): Promise<string>;
  /** Takes the file away again, when there is nothing to write. */
  discard(): Promise<void>;
}

/** Makes a file that nobody but the user can read. @throws OrchestratorError USAGE where it exists or cannot be made */
export async function openSecretFile(path: string): Promise<SecretFile> {
  const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EEXIST' ? 'exists already: name another file' : `cannot be made (${cause.code})`;
    throw new OrchestratorError('USAGE', `the file of --out, ${path}, ${why}`, { cause });
  });
  return {
    write: async (secret) => {
      await file.writeFile(`${secret}\n`);
      await file.close();
      return resolve(path);
    },
    discard: async () => {
      await file.close();
      await rm(path);
    },
  };
}
