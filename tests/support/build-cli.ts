import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Bundles the CLI before the tests that start it, as bin/set-up does. Quick where nothing has changed. */
export default async function buildCli(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '..', '..', 'scripts', 'build-cli.js')]);
}
