import { fileURLToPath } from 'node:url';

/** The argv that starts a worker's wrapper; it reads its configuration from the environment. */
export function wrapperCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('./main.js', import.meta.url))];
}

/** The argv of the agent that runs a project's own tests, for the operator's configuration of agents. */
export function projectTestsCommand(): string[] {
  return [process.execPath, fileURLToPath(new URL('./agents/run-project-tests.js', import.meta.url))];
}
