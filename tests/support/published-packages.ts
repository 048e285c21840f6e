import { execFile } from 'node:child_process';
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');
/** Dependencies of the packages; taken from this checkout, so that npm needs no registry. */
const DEPENDENCIES = ['ioredis', 'pino', 'yaml', 'zod'];

/** `@codegen/contracts` and `@codegen/sdk` as they would be published. */
export interface PublishedPackages {
  tarballs: { contracts: string; sdk: string };
  /** Returns a new folder in which npm has installed the SDK's tarball and its dependencies. */
  install(name: string): Promise<string>;
  remove(): Promise<void>;
}

/** Packs both packages with npm. */
export async function publishedPackages(): Promise<PublishedPackages> {
  const { path, remove } = await tempFolder('codegen-published');
  // If the temporary folder is a link, Node resolves modules to their real path.
  const folder = await realpath(path);
  const pack = ['pack', '--silent', '--pack-destination', folder, '-w', 'packages/contracts'];
  const [contracts, sdk] = await Promise.all([
    run('npm', pack, { cwd: root }),
    run(process.execPath, [join(root, 'scripts', 'pack-sdk.js'), '--out', folder]),
  ]);
  const tarballs = { contracts: join(folder, contracts.stdout.trim()), sdk: sdk.stdout.trim() };
  return {
    tarballs,
    install: async (name) => {
      const consumer = join(folder, name);
      await mkdir(consumer);
      const dependencies = {
        '@codegen/sdk': `file:${tarballs.sdk}`,
        ...Object.fromEntries(DEPENDENCIES.map((one) => [one, `file:${join(root, 'node_modules', one)}`])),
      };
      await writeFile(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
      const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit=peer', '--omit=dev'];
      await run('npm', ['install', '--offline', ...quiet, '--cache', join(folder, '.npm')], { cwd: consumer });
      return consumer;
    },
    remove,
  };
}

/** Adds the types of Node to a consumer, as in a TypeScript project. */
export async function addNodeTypes(consumer: string): Promise<void> {
  const types = join(consumer, 'node_modules', '@types');
  await mkdir(types);
  await symlink(join(root, 'node_modules', '@types', 'node'), join(types, 'node'));
}
