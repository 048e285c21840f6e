import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isOrchestratorError, type NextStep, OrchestratorError } from '@codegen/sdk/errors';

/**
 * A program of the stack, as it is installed beside this command line: in a checkout, or in a `node_modules` above it.
 * @throws OrchestratorError STACK_REQUIRED, with how to get it
 */
export function stackProgram(name: 'main' | 'down'): string {
  // Where this file is says nothing: it may be part of a bundle. The script that was started is in the package.
  const script = realpathSync(process.argv[1] as string);
  try {
    return join(dirname(createRequire(script).resolve('@codegen/stack')), `${name}.js`);
  } catch (cause) {
    throw new OrchestratorError(
      'STACK_REQUIRED',
      'the system itself is not installed here; it comes with a checkout of the project, where bin/orchestrator has it',
      {
        cause,
        next: [{ command: 'orchestrator auth login', when: 'to use a system that runs elsewhere' }],
      },
    );
  }
}

/** Whether there is one. */
export function hasStack(): boolean {
  try {
    stackProgram('main');
    return true;
  } catch (error) {
    if (isOrchestratorError(error)) return false;
    throw error;
  }
}

/** An error as a program of the stack tells it to its parent. */
export interface ToldError {
  code: string;
  message: string;
  next?: NextStep[];
  details?: unknown;
}

/** The same error here. */
export function retold({ code, message, next, details }: ToldError): OrchestratorError {
  return new OrchestratorError(code as OrchestratorError['code'], message, { details, ...(next && { next }) });
}
