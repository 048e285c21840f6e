import { fileURLToPath } from 'node:url';

/** Argv that starts the worker-wrapper, which reads its configuration from the environment. */
export function wrapperCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))];
}

/** Argv of the agent that runs a project's tests, for the operator's agents file. */
export function projectTestsCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('./agents/run-project-tests.js', import.meta.url))];
}
