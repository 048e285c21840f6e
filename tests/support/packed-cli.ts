import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { tempFolder } from './temp-folder.js';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');

/** The command line as its users install it. */
export interface PackedCli {
  /** The executable that npm has linked. */
  bin: string;
  /** The folder with nothing else installed. */
  folder: string;
  /** The installed package. */
  package: string;
  remove(): Promise<void>;
}

/** A copy of an empty folder in which `npm install` has installed the packed tarball, without a registry. */
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

/** Installs it beside the bundle, once for each state of the sources. */
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
  // If another process was faster, its result stays.
  await rename(aside, place).catch(() => rm(aside, { recursive: true }));
  return place;
}
