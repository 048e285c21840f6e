import type { ProcessIdentity } from './process-identity.js';
import { type ProcessEntry, processTable } from './process-table.js';

/** Processes that belong together, though some may have left their group, session or parent. */
export interface ProcessTree {
  /** Processes that were started as leaders of a group or session. */
  readonly leaders?: readonly ProcessIdentity[];
  /** Environment variables that mark the tree's processes, each with a test for its value. */
  readonly markers: Readonly<Record<string, (value: string) => boolean>>;
}

/**
 * Returns a function that finds the living processes of a tree: leaders with their groups and sessions, processes with a
 * marker, and the descendants of all these; never this process. It remembers sessions between calls, so that it finds a
 * child without a marker after its parents are gone. Without /proc: groups of leaders, as negative pids.
 */
export function treeFinder(tree: ProcessTree): () => Promise<number[]> {
  const sessions = new Set<number>();
  return async () => {
    const table = await processTable();
    if (table.length === 0) return (tree.leaders ?? []).map(({ pid }) => -pid).filter(isThere);
    const leaders = new Set(tree.leaders?.filter((leader) => !isReused(leader, table)).map(({ pid }) => pid));
    const found = new Set<number>();
    for (const entry of table) {
      const isLed = [entry.pid, entry.group, entry.session].some((id) => leaders.has(id));
      if (isLed || sessions.has(entry.session) || isMarked(entry, tree)) found.add(entry.pid);
    }
    // This process may carry a marker too; its other children do not belong to the tree.
    found.delete(process.pid);
    addDescendants(found, table);
    const own = table.find(({ pid }) => pid === process.pid)?.session;
    for (const { pid, session } of table) {
      // 0 is any session outside this pid namespace.
      if (found.has(pid) && session !== own && session !== 0) sessions.add(session);
    }
    return [...found];
  };
}

function isMarked({ environment }: ProcessEntry, { markers }: ProcessTree): boolean {
  return Object.entries(markers).some(([name, fits]) =>
    environment.some((pair) => pair.startsWith(`${name}=`) && fits(pair.slice(name.length + 1))),
  );
}

function addDescendants(found: Set<number>, table: readonly ProcessEntry[]): void {
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of table) if (found.has(parent) && pid !== process.pid) found.add(pid);
  }
}

/** Whether another process has the pid now; then its group and session are empty too. */
function isReused({ pid, startTime }: ProcessIdentity, table: readonly ProcessEntry[]): boolean {
  const now = table.find((entry) => entry.pid === pid);
  return now !== undefined && now.startTime !== startTime;
}

function isThere(group: number): boolean {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}
