// Packs the SDK and the contracts as one self-contained tarball, and prints its path.
// Usage: npm run pack:sdk [-- --out DIR]
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const packages = join(root, 'packages');
const CONTRACTS = '@codegen/contracts';

const { values } = parseArgs({ options: { out: { type: 'string', default: '.' } } });
const out = resolve(values.out);
await mkdir(out, { recursive: true });
const aside = await mkdtemp(join(out, '.pack-sdk-'));
try {
  await fill(aside);
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', out], { cwd: aside });
  process.stdout.write(`${join(out, stdout.trim())}\n`);
} finally {
  await rm(aside, { recursive: true, force: true });
}

/** Fills the package's folder: the SDK's files, the contracts in `contracts`, and imports that point there. */
async function fill(folder) {
  const sdk = JSON.parse(await readFile(join(packages, 'sdk', 'package.json'), 'utf8'));
  const contracts = JSON.parse(await readFile(join(packages, 'contracts', 'package.json'), 'utf8'));
  for (const [name, place] of [
    ['sdk', folder],
    ['contracts', join(folder, 'contracts')],
  ]) {
    await run(process.execPath, [join(import.meta.dirname, 'remove-stale-output.js')], { cwd: join(packages, name) });
    for (const part of ['dist', 'src']) {
      const filter = (path) => !/[\\/]generate$|\.tsbuildinfo$/.test(path);
      await cp(join(packages, name, part), join(place, part), { recursive: true, filter });
    }
  }
  for (const part of ['README.md', 'docs'])
    await cp(join(packages, 'sdk', part), join(folder, part), { recursive: true });
  await pointInside(join(folder, 'dist'), (subpath) => {
    const { default: file } = contracts.exports[`.${subpath}`];
    return join(folder, 'contracts', file);
  });
  const { [CONTRACTS]: _, ...dependencies } = sdk.dependencies;
  const { scripts: __, ...manifest } = sdk;
  const packed = { ...manifest, files: [...sdk.files, 'contracts'], dependencies };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
}

/** Replaces imports of the contracts by relative paths. */
async function pointInside(folder, fileOf) {
  const named = new RegExp(`(["'])${CONTRACTS}((?:/[\\w-]+)*)\\1`, 'g');
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.(js|d\.ts)$/.test(name)) continue;
    const file = join(folder, name);
    const text = await readFile(file, 'utf8');
    const inside = text.replace(
      named,
      (_, quote, subpath) => `${quote}${relative(dirname(file), fileOf(subpath))}${quote}`,
    );
    if (inside !== text) await writeFile(file, inside);
  }
}
