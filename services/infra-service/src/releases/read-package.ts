import { FileError } from '@codegen/sdk/files';
import { readNpmPackage } from '@codegen/sdk/manifest';
import { DeployFailure } from '../executors/executor.js';

/**
 * Whether a commit wants packages, those to build it with among them where it is built, and whether it says exactly which.
 * @throws {DeployFailure} install_failed
 */
export async function readPackage(folder: string, builds = false): Promise<{ wanted: boolean; locked: boolean }> {
  try {
    const found = await readNpmPackage(folder);
    const development = builds ? found?.devDependencies : {};
    const wanted = Object.keys({ ...found?.dependencies, ...found?.optionalDependencies, ...development }).length > 0;
    return { wanted, locked: found?.locked ?? false };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new DeployFailure('install_failed', error.message, {}, { cause: error });
  }
}
