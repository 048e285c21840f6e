// Packs the command line as one self-contained tarball, and prints its path.
// Usage: npm run pack:cli [-- --out DIR]
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packPackage } from './cli-package/build-package.js';

const { values } = parseArgs({ options: { out: { type: 'string', default: '.' } } });
const out = resolve(values.out);
const tarball = await packPackage();
await mkdir(out, { recursive: true });
const target = join(out, basename(tarball));
await copyFile(tarball, target);
process.stdout.write(`${target}\n`);
