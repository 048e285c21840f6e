import type { ProjectManifest } from '@codegen/contracts';
import { FileError, readFileBelow } from '@codegen/sdk/files';
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, ManifestError, parseManifest } from '@codegen/sdk/manifest';
import { DeployFailure } from '../executors/executor.js';

/**
 * Reads `.project.yml` of a release: how it starts and what it needs in its environment.
 * @throws {DeployFailure} where it is missing or says something else
 */
export async function readManifest(folder: string): Promise<ProjectManifest> {
  try {
    const bytes = await readFileBelow(folder, MANIFEST_FILE, { mostBytes: MAX_MANIFEST_BYTES });
    return parseManifest(bytes?.toString());
  } catch (error) {
    if (!(error instanceof ManifestError || error instanceof FileError)) throw error;
    throw new DeployFailure('start_failed', `this commit cannot be started: ${error.message}`, {}, { cause: error });
  }
}
