import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessTree, treeFinder } from './process-tree.js';

export interface EndOptions {
  /** Milliseconds between SIGTERM and SIGKILL; with 0 it is SIGKILL at once. */
  readonly graceMs: number;
  /** The only process to get SIGTERM, where it is to end the others itself. Where it is gone there is no grace. */
  readonly ask?: number | undefined;
  /** Milliseconds of SIGKILL after which a process counts as one that cannot die. */
  readonly giveUpMs?: number;
}

const LOOK_MS = 25;
const SLOWEST_LOOK_MS = 250;
const GIVE_UP_MS = 30_000;

/**
 * Ends everything that belongs to a tree, also what left its group, its session or its parent; never this process.
 * @throws {Error} where something survives SIGKILL, naming it
 */
export async function endTree(tree: ProcessTree, options: EndOptions): Promise<void> {
  await endAll(treeFinder(tree), options);
}

/**
 * Ends all that `find` finds; settles when it finds nobody.
 * States: asked (SIGTERM) → nobody left, or the grace is over → killed (SIGKILL, again for each newcomer) → gone.
 * @throws {Error} where something survives SIGKILL, naming it
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
    // Every look reads all of /proc: the longer it takes, the rarer the looks.
    const pauseMs = () => Math.min(SLOWEST_LOOK_MS, LOOK_MS + (Date.now() - started) / 4, deadline - Date.now());
    while (asked.length > 0 && Date.now() < deadline && (await find()).length > 0) await sleep(Math.max(1, pauseMs()));
  }
  // A process that forks or execs at this moment may be missed once, so one empty look is not enough.
  const deadline = Date.now() + giveUpMs;
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const left = await find();
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length > 0 && Date.now() > deadline) {
      throw new Error(`processes ${left.join(', ')} survive SIGKILL: look at what they wait for, then end them`);
    }
    if (emptyLooks < 2) await sleep(left.length > 0 ? LOOK_MS : 1);
  }
}

/** Whether the signal was sent: not to who is gone, nor to who is not ours; the latter is named when the limit is over. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
