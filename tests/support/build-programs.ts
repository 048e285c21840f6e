import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The executable of the command line's bundle. */
    cli: string;
    /** The folder with the bundle of each service, in `<service>/dist/main.js`, and of the worker-wrapper. */
    programs: string;
  }
}

/** Bundles the programs that tests start as processes. Quick if nothing has changed. */
export default async function buildPrograms(project: TestProject): Promise<void> {
  const made = ['cli', 'programs'].map((name) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, `../../scripts/build-${name}.js`)]),
  );
  const [cli, programs] = (await Promise.all(made)).map(({ stdout }) => stdout.trim()) as [string, string];
  project.provide('cli', cli);
  project.provide('programs', programs);
}
