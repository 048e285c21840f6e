// Bundles the command line that bin/orchestrator and the stack run, and prints its path; quick if nothing has changed.
import { join } from 'node:path';
import { buildPackage } from './cli-package/build-package.js';

process.stdout.write(`${join(await buildPackage(), 'bin', 'orchestrator.cjs')}\n`);
