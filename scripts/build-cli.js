// Bundles the command line, as bin/orchestrator and the stack run it, and prints its file; quick where nothing has changed.
import { join } from 'node:path';
import { buildPackage } from './cli-package/build-package.js';

process.stdout.write(`${join(await buildPackage(), 'bin', 'orchestrator.cjs')}\n`);
