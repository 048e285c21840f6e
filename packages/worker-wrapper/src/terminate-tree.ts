import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, processTable } from './process-table.js';

/** Variable that every process of a turn carries; its value is `<worker id>/<turn's request id>`. */
export const MARKER = 'AGENT_RUN_ID';

const POLL_MS = 25;
/** Milliseconds of SIGKILL after which a process counts as one that cannot die. */
const GIVE_UP_MS = 30_000;

/** What belongs to a turn: the agent's process group and whatever carries the marker. */
export interface Tree {
  readonly group?: number | undefined;
  readonly marker: string;
}

/**
 * Ends everything that a turn started, also what left its process group, its session or its parent.
 * States: asked (SIGTERM) → nobody left, or the grace is over → killed (SIGKILL, again for each newcomer) → gone.
 * With a grace of 0 it kills at once.
 * @throws {Error} where something survives SIGKILL
 */
export async function terminateTree(tree: Tree, { graceMs }: { graceMs: number }): Promise<void> {
  const known = new Set<number>();
  if (graceMs > 0) {
    for (const pid of await members(tree, known)) signal(pid, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (Date.now() < deadline && (await members(tree, known)).length > 0) await sleep(POLL_MS);
  }
  // A process that forks or execs at this moment may be missed once, so one empty look is not enough.
  const deadline = Date.now() + GIVE_UP_MS;
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const left = await members(tree, known);
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length > 0 && Date.now() > deadline) throw new Error(`processes survive SIGKILL: ${left.join(', ')}`);
    if (emptyLooks < 2) await sleep(left.length > 0 ? POLL_MS : 1);
  }
}

/** Who of a tree lives. `known` remembers its sessions: a child that dropped the marker is still found by its session. */
async function members(tree: Tree, known: Set<number>): Promise<number[]> {
  const table = await processTable();
  if (table.length === 0) return tree.group !== undefined && groupLives(tree.group) ? [-tree.group] : [];
  const own = table.find((entry) => entry.pid === process.pid);
  const found = new Map<number, ProcessEntry>();
  const marker = `${MARKER}=${tree.marker}`;
  for (const entry of table) {
    const isMember = entry.group === tree.group || known.has(entry.session) || entry.environment.includes(marker);
    if (isMember && entry.pid !== process.pid) found.set(entry.pid, entry);
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const entry of table) {
      if (found.has(entry.pid) || !found.has(entry.parent) || entry.pid === process.pid) continue;
      found.set(entry.pid, entry);
      grew = true;
    }
  }
  for (const entry of found.values()) if (entry.session !== own?.session) known.add(entry.session);
  return [...found.keys()];
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It died meanwhile.
  }
}
