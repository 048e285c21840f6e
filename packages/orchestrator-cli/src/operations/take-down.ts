import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { OrchestratorError } from '@codegen/sdk/errors';
import type { Runtime } from '../runtime.js';
import { retold, stackProgram, type ToldError } from './installed-stack.js';

/** What stopping found: a system that ran, nothing, or the lock of one that is gone. */
export interface TakenDown {
  state: 'stopped' | 'nothing_runs' | 'stale_lock';
  pid: number | null;
  data_dir: string;
}

/**
 * Stops the system that has a data folder, and waits until it is gone. Letting go of the wait does not call it off.
 * @throws OrchestratorError STILL_RUNNING, CONFLICT
 */
export async function takeDown(
  { dataDir, timeoutMs }: { dataDir: string | undefined; timeoutMs: number },
  { env, signal }: Runtime,
): Promise<TakenDown> {
  const folder = dataDir === undefined ? [] : ['--data-dir', dataDir];
  const args = [stackProgram('down'), ...folder, '--timeout-ms', String(timeoutMs)];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => text.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => errors.push(chunk));
  const letGo = () => child.kill('SIGKILL');
  signal.addEventListener('abort', letGo, { once: true });
  await once(child, 'close');
  signal.removeEventListener('abort', letGo);
  signal.throwIfAborted();
  if (text.length === 0) throw new OrchestratorError('BUG', `the stack said nothing: ${errors.join('').trim()}`);
  const answer = JSON.parse(text.join('')) as { stopped: TakenDown } | { failed: ToldError };
  if ('failed' in answer) throw retold(answer.failed);
  return answer.stopped;
}
