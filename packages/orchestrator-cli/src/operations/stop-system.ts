import type { Runtime } from '../kit/runtime.js';
import { askStack } from './installed-stack.js';

/** What stopping found: a system that ran, nothing, or the lock of one that is gone. */
export interface StoppedSystem {
  state: 'stopped' | 'nothing_runs' | 'stale_lock';
  pid: number | null;
  data_dir: string;
}

/**
 * Stops the system that has a data folder, and waits until it is gone. Letting go of the wait does not call it off.
 * @throws OrchestratorError STILL_RUNNING, CONFLICT
 */
export async function stopSystem(
  { dataDir, timeoutMs }: { dataDir: string | undefined; timeoutMs: number },
  runtime: Runtime,
): Promise<StoppedSystem> {
  const folder = dataDir === undefined ? [] : ['--data-dir', dataDir];
  const args = [...folder, '--timeout-ms', String(timeoutMs)];
  const answer = await askStack<{ stopped: StoppedSystem }>('down', args, runtime, runtime.signal);
  return answer.stopped;
}
