import { FileError, parseFile, readFileBelow } from '@codegen/sdk/files';
import { DeployFailure } from '../executors/executor.js';

const MAX_PACKAGE_BYTES = 1024 * 1024;
const MAX_LOCK_BYTES = 64 * 1024 * 1024;

interface PackageManifest {
  readonly dependencies?: object;
  readonly optionalDependencies?: object;
}

/**
 * Whether a commit wants packages, and whether it says exactly which.
 * @throws {DeployFailure} install_failed
 */
export async function readPackage(folder: string): Promise<{ wanted: boolean; locked: boolean }> {
  try {
    const bytes = await readFileBelow(folder, 'package.json', { mostBytes: MAX_PACKAGE_BYTES });
    const text = bytes?.toString() ?? '{}';
    const manifest = parseFile('package.json', 'JSON', text, JSON.parse) as PackageManifest | null;
    const wanted = Object.keys({ ...manifest?.dependencies, ...manifest?.optionalDependencies }).length > 0;
    // npm would read it over a link.
    const lock = await readFileBelow(folder, 'package-lock.json', { mostBytes: MAX_LOCK_BYTES });
    return { wanted, locked: lock !== undefined };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new DeployFailure('install_failed', error.message, {}, { cause: error });
  }
}
