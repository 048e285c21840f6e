import { parseFile, readFileBelow } from '../files/index.js';

const KIB = 1024;

/** What npm reads by name in a project's folder, over links too, and how large it may be. Of `.npmrc` it quotes lines. */
const NPM_FILES = {
  'package.json': 1024 * KIB,
  'package-lock.json': 64 * 1024 * KIB,
  'npm-shrinkwrap.json': 64 * 1024 * KIB,
  '.npmrc': 64 * KIB,
} as const;

/** Their names. */
export const npmFiles: readonly string[] = Object.keys(NPM_FILES);

/** The packages that a project's package.json wants. */
export interface NpmPackage {
  readonly dependencies: object;
  readonly optionalDependencies: object;
  readonly devDependencies: object;
  /** Whether a lock says exactly which. */
  readonly locked: boolean;
}

/**
 * Reads package.json before npm does; undefined where there is none. To be called before any npm runs in the folder.
 * @throws {FileError} where anything that npm reads there is no regular file of its own, or package.json no JSON
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
