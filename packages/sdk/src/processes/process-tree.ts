import type { ProcessIdentity } from './process-identity.js';
import { type ProcessEntry, processTable } from './process-table.js';

/** What belongs together, though parts of it may have left their group, their session or their parent. */
export interface ProcessTree {
  /** Processes that were each started as the leader of a group or session of their own. */
  readonly leaders?: readonly ProcessIdentity[];
  /** Names of variables that mark what belongs to the tree, each with the values that do. */
  readonly markers: Readonly<Record<string, (value: string) => boolean>>;
}

/**
 * Looks for who of a tree lives: leaders with their groups and sessions, whoever carries a marker, and the descendants
 * of all these; never this process. Each call is a new look. Sessions are remembered from look to look, so that a child
 * which dropped it is found after its parents are gone. Without /proc: groups of leaders, as negative pids.
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
    // Whoever started the tree may carry a marker too, and is not to take all its other children along.
    found.delete(process.pid);
    addDescendants(found, table);
    const own = table.find(({ pid }) => pid === process.pid)?.session;
    for (const { pid, session } of table) {
      // 0 stands for any session outside of this pid namespace.
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

/** Whether the pid went to another process; then nothing is left of its group and session either. */
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
