import { execFile } from 'node:child_process';
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');
/** What the packages depend on; taken from this checkout, so that no registry is asked. */
const DEPENDENCIES = ['ioredis', 'pino', 'yaml', 'zod'];

/** `@codegen/contracts` and `@codegen/sdk` as they would be published. */
export interface PublishedPackages {
  tarballs: { contracts: string; sdk: string };
  /** A new folder where npm has installed both, and only them. */
  install(name: string): Promise<string>;
  remove(): Promise<void>;
}

/** Packs both packages with npm. */
export async function publishedPackages(): Promise<PublishedPackages> {
  const { path, remove } = await tempFolder('codegen-published');
  // Where a temporary folder is a link, modules know themselves by their real path.
  const folder = await realpath(path);
  const workspaces = ['-w', 'packages/contracts', '-w', 'packages/sdk'];
  await run('npm', ['pack', '--silent', '--pack-destination', folder, ...workspaces], { cwd: root });
  const tarballs = {
    contracts: join(folder, 'codegen-contracts-0.1.0.tgz'),
    sdk: join(folder, 'codegen-sdk-0.1.0.tgz'),
  };
  return {
    tarballs,
    install: async (name) => {
      const consumer = join(folder, name);
      await mkdir(consumer);
      const dependencies = {
        '@codegen/contracts': `file:${tarballs.contracts}`,
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

/** Gives a consumer the types of Node, as a TypeScript project has them. */
export async function addNodeTypes(consumer: string): Promise<void> {
  const types = join(consumer, 'node_modules', '@types');
  await mkdir(types);
  await symlink(join(root, 'node_modules', '@types', 'node'), join(types, 'node'));
}
