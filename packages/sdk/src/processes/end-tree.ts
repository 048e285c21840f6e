import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessTree, treeFinder } from './process-tree.js';

export interface EndOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0 sends SIGKILL at once. */
  readonly graceMs: number;
  /** The only process that gets SIGTERM, because it ends the others itself. Without it there is no grace. */
  readonly ask?: number | undefined;
  /** Milliseconds of SIGKILL after which this gives up on a process. */
  readonly giveUpMs?: number;
}

const LOOK_MS = 25;
const SLOWEST_LOOK_MS = 250;
const GIVE_UP_MS = 30_000;

/**
 * Ends all processes of a tree, also those that left its group, session or parent; never this process.
 * @throws {Error} if a process survives SIGKILL; the message names it
 */
export async function endTree(tree: ProcessTree, options: EndOptions): Promise<void> {
  await endAll(treeFinder(tree), options);
}

/**
 * Ends all processes that `find` returns; resolves when it returns none.
 * States: asked (SIGTERM) → none left, or the grace is over → killed (SIGKILL, also for each new one) → gone.
 * @throws {Error} if a process survives SIGKILL; the message names it
 */
export async function endAll(
  find: () => Promise<number[]>,
  { graceMs, ask, giveUpMs = GIVE_UP_MS }: EndOptions,
): Promise<void> {
  if (graceMs > 0) {
    const present = await find();
    const asked = (ask === undefined ? present : [ask]).filter((pid) => signal(pid, 'SIGTERM'));
    const started = Date.now();
    const deadline = started + graceMs;
    // Every look reads all of /proc, so look less often as time passes.
    const pauseMs = () => Math.min(SLOWEST_LOOK_MS, LOOK_MS + (Date.now() - started) / 4, deadline - Date.now());
    while (asked.length > 0 && Date.now() < deadline && (await find()).length > 0) await sleep(Math.max(1, pauseMs()));
  }
  // A look may miss a process that forks or execs at that moment, so one empty look is not enough.
  const deadline = Date.now() + giveUpMs;
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const left = await find();
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length > 0 && Date.now() > deadline) {
      throw new Error(`processes ${left.join(', ')} survive SIGKILL: find out what they wait for, then end them`);
    }
    if (emptyLooks < 2) await sleep(left.length > 0 ? LOOK_MS : 1);
  }
}

/** Whether the signal was sent: false if the process is gone, or belongs to another user (an error names it later). */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
