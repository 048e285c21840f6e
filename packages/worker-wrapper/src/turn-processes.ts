import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, type ProcessIdentity, processTable, thisProcess, variableOf } from '@codegen/sdk/processes';

const FIRST_SCAN_MS = 5;
const SCAN_MS = 250;
/** Maximum share of time for scans: each reads all of /proc. */
const SHARE = 1 / 20;

/**
 * Tracks the processes of a turn while the agent runs: a process that leaves its group, session, environment and parent
 * cannot be recognised later. A process that does so between two scans is missed.
 */
export class TurnProcesses {
  readonly #own = thisProcess();
  readonly #marker: readonly [name: string, value: string];
  #known: ProcessIdentity[];
  #sessions = new Set<number>();

  constructor(agent: readonly ProcessIdentity[], marker: readonly [name: string, value: string]) {
    this.#known = [...agent];
    this.#marker = marker;
  }

  /** Scans until aborted, more often at first. */
  async watch(signal: AbortSignal): Promise<void> {
    for (let pause = FIRST_SCAN_MS; !signal.aborted; pause = Math.min(SCAN_MS, pause * 2)) {
      const started = performance.now();
      await this.scan();
      const took = performance.now() - started;
      await sleep(Math.max(pause, took / SHARE - took), undefined, { signal }).catch(() => undefined);
    }
  }

  async scan(): Promise<void> {
    const table = await processTable();
    if (table.length === 0) return;
    const started = new Map(this.#known.map(({ pid, startTime }) => [pid, startTime]));
    const found = new Set<ProcessEntry>();
    for (const entry of table) {
      const isMarked = variableOf(entry, this.#marker[0]) === this.#marker[1];
      const isKnown = started.get(entry.pid) === entry.startTime || this.#sessions.has(entry.session);
      if ((isMarked || isKnown) && entry.pid !== this.#own.pid) found.add(entry);
    }
    const pids = new Set([...found].map(({ pid }) => pid));
    for (let before = -1; before !== found.size; ) {
      before = found.size;
      for (const entry of table) if (pids.has(entry.parent)) found.add(entry) && pids.add(entry.pid);
    }
    const own = table.find(({ pid }) => pid === this.#own.pid)?.session;
    const theirs = [...found];
    // 0 means any session outside this pid namespace.
    this.#sessions = new Set(theirs.map(({ session }) => session).filter((id) => id !== own && id !== 0));
    this.#known = theirs.map(({ pid, startTime }) => ({ pid, startTime, bootId: this.#own.bootId }));
  }

  /** All processes that were alive at the last scan, and their sessions. */
  get remembered(): ProcessIdentity[] {
    // A session may have lost its leader; its id is not reused while it exists.
    const sessions = [...this.#sessions].map((pid) => ({ pid, startTime: '', bootId: this.#own.bootId }));
    return [...this.#known, ...sessions];
  }
}
