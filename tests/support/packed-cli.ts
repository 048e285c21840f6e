import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
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

/** A copy of what `npm install` makes of the packed tarball in an empty folder, without a registry. */
export async function packedCli(): Promise<PackedCli> {
  const { path: folder, remove } = await tempFolder('codegen-packed');
  await cp(await installed(), folder, { recursive: true, verbatimSymlinks: true });
  const modules = join(folder, 'node_modules');
  return {
    bin: join(modules, '.bin', 'orchestrator'),
    folder,
    package: join(modules, '@codegen', 'orchestrator-cli'),
    remove,
  };
}

/** Beside the bundle, once for each state of the sources, whoever asks first. */
async function installed(): Promise<string> {
  const place = join(inject('cli'), '..', '..', '..', 'installed');
  if (existsSync(place)) return place;
  const { path: folder, remove } = await tempFolder('codegen-install');
  const { stdout } = await run(process.execPath, [join(root, 'scripts', 'pack-cli.js'), '--out', folder]);
  const tarball = stdout.trim();
  const offline = ['--offline', '--no-audit', '--no-fund', '--registry', 'http://127.0.0.1:9'];
  await run('npm', ['install', ...offline, '--cache', join(folder, '.npm'), tarball], { cwd: folder });
  const aside = await mkdtemp(`${place}.`);
  await cp(folder, aside, { recursive: true, verbatimSymlinks: true });
  await remove();
  // Where somebody else was faster, theirs stays.
  await rename(aside, place).catch(() => rm(aside, { recursive: true }));
  return place;
}
