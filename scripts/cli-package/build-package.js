import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundleCli, filesOf } from './bundle.js';

const root = resolve(import.meta.dirname, '..', '..');
const workspace = join(root, 'packages', 'orchestrator-cli');
const contracts = join(root, 'packages', 'contracts');
/** One immutable folder for each state of the sources, so that builds can run at the same time. */
const builds = join(root, '.tsbuild', 'cli');
/** Link to the newest build; bin/orchestrator and the stack run the command line from it. */
const current = join(workspace, 'dist', 'package');

/** Builds the published package as a folder, unless its sources have not changed. Returns its path. */
export async function buildPackage() {
  const name = (await hashOfSources()).slice(0, 16);
  const folder = join(builds, name, 'package');
  await once(join(builds, name), (place) => fill(join(place, 'package')));
  await point(current, folder);
  return folder;
}

/** Packs it as npm would publish it. Returns the tarball's path. */
export async function packPackage() {
  const folder = await buildPackage();
  const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  const packed = join(dirname(folder), 'packed');
  await once(packed, async (place) => {
    await mkdir(place);
    await promisify(execFile)('npm', ['pack', '--pack-destination', place], { cwd: folder });
  });
  return join(packed, file);
}

/** Makes a missing path: fills a temporary one and renames it. If another process was faster, its result stays. */
export async function once(path, make) {
  const exists = await readdir(path).catch(() => undefined);
  if (exists) return;
  await mkdir(dirname(path), { recursive: true });
  const aside = await mkdtemp(`${path}.`);
  try {
    await make(join(aside, 'made'));
    await rename(join(aside, 'made'), path).catch((error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function point(link, folder) {
  // An account that only runs the build of another one cannot write here.
  if ((await readlink(link).catch(() => undefined)) === relative(dirname(link), folder)) return;
  await mkdir(dirname(link), { recursive: true });
  const next = `${link}.${process.pid}`;
  await symlink(relative(dirname(link), folder), next);
  await rename(next, link);
}

async function fill(folder) {
  for (const part of ['bin', 'contracts']) await mkdir(join(folder, part), { recursive: true });
  const { name, version, description, engines } = JSON.parse(await readFile(join(workspace, 'package.json'), 'utf8'));
  const bin = { orchestrator: 'bin/orchestrator.cjs' };
  const manifest = { name, version, description, type: 'commonjs', bin, engines };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await cp(join(workspace, 'packed', 'orchestrator.cjs'), join(folder, 'bin', 'orchestrator.cjs'));
  await cp(join(contracts, 'schemas'), join(folder, 'contracts', 'schemas'), { recursive: true });
  await cp(join(contracts, 'asyncapi.json'), join(folder, 'contracts', 'asyncapi.json'));
  // Its links must point into the package, which contains docs/ too.
  const readme = await readFile(join(workspace, 'README.md'), 'utf8');
  await writeFile(join(folder, 'README.md'), readme.replaceAll('](../../docs/', '](docs/'));
  await cp(join(root, 'docs', 'cli.md'), join(folder, 'docs', 'cli.md'));
  await cp(join(root, 'CHANGELOG.md'), join(folder, 'CHANGELOG.md'));
  const bundle = await bundleCli();
  await writeFile(join(folder, 'THIRD-PARTY-LICENSES'), bundle.licenses);
  const place = async (groups) => {
    await mkdir(join(folder, 'lib'), { recursive: true });
    for (const [file, content] of filesOf(bundle, groups)) await writeFile(join(folder, 'lib', file), content);
    await cp(join(workspace, 'packed', 'readable-stack.cjs'), join(folder, 'lib', 'readable-stack.cjs'));
  };
  await place([]);
  const groups = JSON.parse(await warmUp(folder, 'chunks'));
  await rm(join(folder, 'lib'), { recursive: true });
  await place(groups);
  await warmUp(folder, 'answers');
  await warmUp(folder, 'compiled');
}

async function warmUp(folder, task) {
  const args = [join(import.meta.dirname, 'warm-up.cjs'), folder, task];
  // V8 accepts compiled code only in a process with the same flags, so the environment must not change them.
  return (await promisify(execFile)(process.execPath, args, { env: {} })).stdout;
}

/** Hash of everything that the package is made from, and of the Node that builds it. */
async function hashOfSources() {
  const folders = [
    ...['contracts', 'sdk', 'orchestrator-cli'].map((name) => join(root, 'packages', name, 'src')),
    join(contracts, 'schemas'),
    join(workspace, 'packed'),
    import.meta.dirname,
  ];
  const files = (await Promise.all(folders.map(filesIn))).flat();
  files.push(join(root, 'package-lock.json'), join(root, 'CHANGELOG.md'), join(contracts, 'asyncapi.json'));
  files.push(
    join(root, 'docs', 'cli.md'),
    join(workspace, 'README.md'),
    join(workspace, 'package.json'),
    join(root, 'tsconfig.base.json'),
  );
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  const contents = await Promise.all(files.sort().map((file) => readFile(file)));
  for (const [at, content] of contents.entries()) {
    hash.update(`\n${relative(root, files[at])} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
