import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessEntry, type ProcessIdentity, processTable, thisProcess, variableOf } from '@codegen/sdk/processes';

const FIRST_LOOK_MS = 5;
const LOOK_MS = 250;
/** Looks may take this share of the time: each reads all of /proc. */
const SHARE = 1 / 20;

/**
 * Remembers who belongs to a turn while the agent still runs: whoever leaves its group, session, environment and parent
 * behind cannot be told from a stranger later. Misses who does so between two looks.
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

  /** Looks, often at first, until it is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    for (let pause = FIRST_LOOK_MS; !signal.aborted; pause = Math.min(LOOK_MS, pause * 2)) {
      const started = performance.now();
      await this.look();
      const took = performance.now() - started;
      await sleep(Math.max(pause, took / SHARE - took), undefined, { signal }).catch(() => undefined);
    }
  }

  async look(): Promise<void> {
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
    // 0 stands for any session outside of this pid namespace.
    this.#sessions = new Set(theirs.map(({ session }) => session).filter((id) => id !== own && id !== 0));
    this.#known = theirs.map(({ pid, startTime }) => ({ pid, startTime, bootId: this.#own.bootId }));
  }

  /** Everyone who was alive at the last look, and their sessions. */
  get remembered(): ProcessIdentity[] {
    // A session may have lost its leader; its id is not given to another process while it lasts.
    const sessions = [...this.#sessions].map((pid) => ({ pid, startTime: '', bootId: this.#own.bootId }));
    return [...this.#known, ...sessions];
  }
}
