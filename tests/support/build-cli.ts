import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The executable of the command line's bundle. */
    cli: string;
  }
}

/** Bundles the CLI before the tests that start it, as bin/set-up does. Quick where nothing has changed. */
export default async function buildCli(project: TestProject): Promise<void> {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'build-cli.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  project.provide('cli', stdout.trim());
}
