import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, processTable } from './process-table.js';

const POLL_MS = 25;
/** Milliseconds of SIGKILL after which a process counts as one that cannot die. */
const GIVE_UP_MS = 30_000;

/**
 * Ends every process of a worker: its wrapper, git, the agent and whatever that has left behind, found by the variables
 * they carry, by their session and by their parents. The wrapper is asked first, so that it can say goodbye.
 * @throws {Error} where something survives SIGKILL
 */
export async function endTree(
  workerId: string,
  { wrapper, graceMs }: { wrapper?: number | undefined; graceMs: number },
) {
  const sessions = new Set<number>();
  if (wrapper !== undefined && signal(wrapper, 'SIGTERM')) {
    const deadline = Date.now() + graceMs;
    while (Date.now() < deadline && (await members(workerId, sessions)).length > 0) await sleep(POLL_MS);
  }
  // A process that forks or execs at this moment may be missed once, so one empty look is not enough.
  const deadline = Date.now() + GIVE_UP_MS;
  for (let emptyLooks = 0; emptyLooks < 2; ) {
    const left = await members(workerId, sessions);
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    for (const pid of left) signal(pid, 'SIGKILL');
    if (left.length > 0 && Date.now() > deadline) throw new Error(`processes survive SIGKILL: ${left.join(', ')}`);
    if (emptyLooks < 2) await sleep(left.length > 0 ? POLL_MS : 1);
  }
}

async function members(workerId: string, sessions: Set<number>): Promise<number[]> {
  const table = await processTable();
  const own = table.find((entry) => entry.pid === process.pid)?.session;
  const found = new Map<number, ProcessEntry>();
  for (const entry of table) {
    if (entry.pid !== process.pid && (sessions.has(entry.session) || carries(entry, workerId))) {
      found.set(entry.pid, entry);
    }
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const entry of table) {
      if (found.has(entry.pid) || !found.has(entry.parent) || entry.pid === process.pid) continue;
      found.set(entry.pid, entry);
      grew = true;
    }
  }
  for (const entry of found.values()) if (entry.session !== own) sessions.add(entry.session);
  return [...found.keys()];
}

function carries({ environment }: ProcessEntry, workerId: string): boolean {
  return environment.some((one) => one === `WORKER_ID=${workerId}` || one.startsWith(`AGENT_RUN_ID=${workerId}/`));
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
