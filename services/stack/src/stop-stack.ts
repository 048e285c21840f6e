import { setTimeout as sleep } from 'node:timers/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { isSameProcess, lockHolder } from '@codegen/sdk/processes';
import { lockOf } from './data-folder.js';

/** The result: a system was stopped, none ran, or only the lock of a dead one was left. */
export interface Stopped {
  state: 'stopped' | 'nothing_runs' | 'stale_lock';
  pid: number | null;
  data_dir: string;
}

const LOOK_MS = 50;

/**
 * Stops the system of a data folder with SIGTERM and waits until it has ended. The lock names its process; another process
 * that reuses its pid gets no signal.
 * @throws OrchestratorError STILL_RUNNING if it takes longer than `timeoutMs`; CONFLICT without /proc, where a process
 *   cannot be distinguished from a later one with the same pid
 */
export async function stopStack(dataDir: string, timeoutMs: number): Promise<Stopped> {
  const found = await lockHolder(lockOf(dataDir));
  if (!found) return { state: 'nothing_runs', pid: null, data_dir: dataDir };
  const { holder, runs } = found;
  if (!runs) return { state: 'stale_lock', pid: holder.pid, data_dir: dataDir };
  if (holder.startTime === '') {
    throw new OrchestratorError(
      'CONFLICT',
      `cannot check that process ${holder.pid} is the system: this machine has no /proc`,
      {
        next: [{ command: `kill ${holder.pid}`, when: 'if it is the system' }],
      },
    );
  }
  // A process stopped by SIGSTOP does not handle SIGTERM.
  process.kill(holder.pid, 'SIGCONT');
  process.kill(holder.pid, 'SIGTERM');
  for (const deadline = Date.now() + timeoutMs; isSameProcess(holder); await sleep(LOOK_MS)) {
    if (Date.now() > deadline) {
      throw new OrchestratorError('STILL_RUNNING', `process ${holder.pid} is still stopping`);
    }
  }
  return { state: 'stopped', pid: holder.pid, data_dir: dataDir };
}
