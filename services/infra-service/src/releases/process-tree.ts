import { setTimeout as sleep } from 'node:timers/promises';
import { environmentOf, listProcesses } from './process-table.js';

/** Every process that a release starts carries its run id in this variable, so that none is lost from sight. */
export const MARKER = 'RELEASE_RUN_ID';

const KILL_LIMIT_MS = 5000;

/**
 * The living processes of a release: its leader, everything in the leader's session or process group, all their
 * descendants, and whatever carries a marker that fits, however it detached itself.
 */
export function findTree(leader: number | undefined, fits: (marker: string) => boolean): number[] {
  const all = listProcesses().filter(({ pid }) => pid !== process.pid);
  const tree = new Set<number>();
  for (const { pid, group, session } of all) {
    if (leader !== undefined && [pid, group, session].includes(leader)) tree.add(pid);
    else if (fits(environmentOf(pid, MARKER) ?? '')) tree.add(pid);
  }
  for (let before = -1; before !== tree.size; ) {
    before = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  return [...tree];
}

/** SIGTERM to all that `find` finds, and SIGKILL to what is still there after the grace; settles when none is left. */
export async function terminateTree(find: () => number[], graceMs: number): Promise<void> {
  let left = find();
  signalAll(left, graceMs > 0 ? 'SIGTERM' : 'SIGKILL');
  const started = Date.now();
  while (left.length > 0) {
    // Looking through /proc blocks this process for a moment, so it is done less often the longer it takes.
    await sleep(Math.min(250, 20 + (Date.now() - started) / 4));
    left = find();
    const waited = Date.now() - started;
    if (waited >= graceMs) signalAll(left, 'SIGKILL');
    if (left.length > 0 && waited > graceMs + KILL_LIMIT_MS) {
      throw new Error(`processes ${left.join(', ')} survive SIGKILL: look at what they wait for, then end them`);
    }
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Gone in between; or not ours to signal, and then it is named when the limit is over.
    }
  }
}
