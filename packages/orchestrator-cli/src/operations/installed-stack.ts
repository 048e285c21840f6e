import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isOrchestratorError, type NextStep, OrchestratorError } from '@codegen/sdk/errors';
import type { Runtime } from '../kit/runtime.js';

/**
 * A program of the stack, as it is installed beside this command line: in a checkout, or in a `node_modules` above it.
 * @throws OrchestratorError STACK_REQUIRED, with how to get it
 */
export function stackProgram(name: 'main' | 'down' | 'init'): string {
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

/**
 * Has a program of the stack do something that takes a moment, and waits for its one line of JSON, or for `signal`.
 * @throws OrchestratorError what it tells of as failed
 */
export async function askStack<Answer extends object>(
  name: 'down' | 'init',
  args: readonly string[],
  { env }: Pick<Runtime, 'env'>,
  signal?: AbortSignal,
): Promise<Answer> {
  const child = spawn(process.execPath, [stackProgram(name), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C is for this process, which lets go of it or waits for what it has begun.
    detached: true,
  });
  const text: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  const letGo = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', letGo, { once: true });
  await once(child, 'close');
  signal?.removeEventListener('abort', letGo);
  signal?.throwIfAborted();
  if (text.length === 0) throw new OrchestratorError('BUG', `the stack said nothing: ${errors.join('').trim()}`);
  const answer = JSON.parse(text.join('')) as Answer | { failed: ToldError };
  if ('failed' in answer) throw retold(answer.failed);
  return answer;
}
