import { parseFile, readFileBelow } from '../files/index.js';

const KIB = 1024;

/** Files that npm reads in a project's folder, and their largest size. npm follows links, and quotes lines of `.npmrc`. */
const NPM_FILES = {
  'package.json': 1024 * KIB,
  'package-lock.json': 64 * 1024 * KIB,
  'npm-shrinkwrap.json': 64 * 1024 * KIB,
  '.npmrc': 64 * KIB,
} as const;

/** Names of the files that npm reads in a project's folder. */
export const npmFiles: readonly string[] = Object.keys(NPM_FILES);

/** The dependencies in a project's package.json. */
export interface NpmPackage {
  readonly dependencies: object;
  readonly optionalDependencies: object;
  readonly devDependencies: object;
  /** Whether there is a lock file. */
  readonly locked: boolean;
}

/**
 * Reads package.json; undefined if there is none. Call it before npm runs in the folder.
 * @throws {FileError} if a file that npm reads there is not a regular file, or package.json is not JSON
 */
export async function readNpmPackage(folder: string): Promise<NpmPackage | undefined> {
  const read = (name: keyof typeof NPM_FILES) => readFileBelow(folder, name, { mostBytes: NPM_FILES[name] });
  const bytes = await read('package.json');
  const manifest = bytes && parseFile('package.json', 'JSON', bytes.toString(), JSON.parse);
  const locks = [await read('package-lock.json'), await read('npm-shrinkwrap.json')];
  await read('.npmrc');
  if (!bytes) return undefined;
  const { dependencies, optionalDependencies, devDependencies } = (manifest ?? {}) as Partial<NpmPackage>;
  return {
    dependencies: { ...dependencies },
    optionalDependencies: { ...optionalDependencies },
    devDependencies: { ...devDependencies },
    locked: locks.some((lock) => lock !== undefined),
  };
}
