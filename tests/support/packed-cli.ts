import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');

/** The command line as a stranger has it. */
export interface PackedCli {
  /** The installed executable, as npm links it. */
  bin: string;
  /** The folder that it was installed in, alone. */
  folder: string;
  /** The installed package. */
  package: string;
  remove(): Promise<void>;
}

/**
 * Installs the packed tarball into an empty folder, with npm and without a registry. It is packed but once for each state
 * of the sources, whoever asks first.
 */
export async function packedCli(): Promise<PackedCli> {
  const { path: folder, remove } = await tempFolder('codegen-packed');
  const { stdout } = await run(process.execPath, [join(root, 'scripts', 'pack-cli.js'), '--out', folder]);
  const tarball = stdout.trim();
  const offline = ['--offline', '--no-audit', '--no-fund', '--registry', 'http://127.0.0.1:9'];
  await run('npm', ['install', ...offline, '--cache', join(folder, '.npm'), tarball], { cwd: folder });
  const modules = join(folder, 'node_modules');
  return {
    bin: join(modules, '.bin', 'orchestrator'),
    folder,
    package: join(modules, '@codegen', 'orchestrator-cli'),
    remove,
  };
}
