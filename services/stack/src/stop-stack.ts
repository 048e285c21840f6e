import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { isSameProcess, lockHolder } from '@codegen/sdk/processes';
import { lockOf } from './data-folder.js';

/** What stopping found: a system that ran, nothing, or the lock of one that is gone. */
export interface Stopped {
  state: 'stopped' | 'nothing_runs' | 'stale_lock';
  pid: number | null;
  data_dir: string;
}

const LOOK_MS = 50;

/**
 * Ends the system that has a data folder, with SIGTERM, and waits until it is gone. The lock says which process that is;
 * one that has its pid by chance is left alone.
 * @throws OrchestratorError STILL_RUNNING where it takes longer than `timeoutMs`; CONFLICT where this system cannot tell
 *   one process from a later one of the same pid
 */
export async function stopStack(dataDir: string, timeoutMs: number): Promise<Stopped> {
  const found = await lockHolder(lockOf(dataDir));
  if (!found) return { state: 'nothing_runs', pid: null, data_dir: dataDir };
  const { holder, runs } = found;
  if (!runs) return { state: 'stale_lock', pid: holder.pid, data_dir: dataDir };
  if (holder.startTime === '') {
    throw new OrchestratorError('CONFLICT', `whether process ${holder.pid} is the system cannot be told here`, {
      next: [{ command: `kill ${holder.pid}`, when: 'where it is' }],
    });
  }
  // One that somebody has stopped would not hear what it is asked.
  process.kill(holder.pid, 'SIGCONT');
  process.kill(holder.pid, 'SIGTERM');
  for (const deadline = Date.now() + timeoutMs; isSameProcess(holder); await sleep(LOOK_MS)) {
    if (Date.now() > deadline) {
      throw new OrchestratorError('STILL_RUNNING', `process ${holder.pid} is still stopping`);
    }
  }
  return { state: 'stopped', pid: holder.pid, data_dir: dataDir };
}
