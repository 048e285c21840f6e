import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectManifest } from '@codegen/contracts';
import { MANIFEST_FILE, ManifestError, parseManifest } from '@codegen/sdk/manifest';
import { DeployFailure } from '../executors/executor.js';

/**
 * Reads `.project.yml` of a release: how it starts and what it needs in its environment.
 * @throws {DeployFailure} where it is missing or says something else
 */
export async function readManifest(folder: string): Promise<ProjectManifest> {
  try {
    return parseManifest(await readFile(join(folder, MANIFEST_FILE), 'utf8').catch(() => undefined));
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new DeployFailure('start_failed', `this commit cannot be started: ${error.message}`, {}, { cause: error });
  }
}
