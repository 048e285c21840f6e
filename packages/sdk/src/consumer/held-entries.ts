import type { StreamEntry } from '../queue/entry.js';

/** An entry whose lease this consumer keeps: waiting for a free handler, running, or being settled. */
export interface HeldEntry extends StreamEntry {
  readonly deliveries: number;
  readonly abort: AbortController;
  state: 'waiting' | 'running' | 'settling';
}

/** The lease went to another consumer, or the entry is gone. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Whether this run of an entry has lost its lease: nothing that comes of it counts any more. */
export function isLost(entry: HeldEntry): boolean {
  return entry.abort.signal.reason instanceof LeaseLostError;
}

/** Everything this consumer holds, in order of arrival. */
export class HeldEntries {
  readonly #byKey = new Map<string, HeldEntry>();
  readonly #waiting: HeldEntry[] = [];
  #settling = 0;
  #onChange: (() => void)[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  /** How many wait or run. */
  get open(): number {
    return this.#byKey.size - this.#settling;
  }

  /** How many wait for a free handler. */
  get waiting(): number {
    return this.#waiting.length;
  }

  has(stream: string, id: string): boolean {
    return this.#byKey.has(`${stream} ${id}`);
  }

  /** Takes an entry in; one that is held already is left alone. */
  add(entry: StreamEntry, deliveries: number): void {
    if (this.has(entry.stream, entry.id)) return;
    const held: HeldEntry = { ...entry, deliveries, abort: new AbortController(), state: 'waiting' };
    this.#byKey.set(`${entry.stream} ${entry.id}`, held);
    this.#waiting.push(held);
  }

  /** The next entry to run, if one waits. */
  take(): HeldEntry | undefined {
    const held = this.#waiting.shift();
    if (held) held.state = 'running';
    return held;
  }

  /** Its handler has ended; what is left is to tell Redis. */
  settle(held: HeldEntry): void {
    if (held.state === 'settling') return;
    this.#leaveWaiting(held);
    held.state = 'settling';
    this.#settling += 1;
    this.#wake();
  }

  remove(held: HeldEntry): void {
    const key = `${held.stream} ${held.id}`;
    // After a lost lease the same entry may be held anew, for another run.
    if (this.#byKey.get(key) !== held) return;
    this.#byKey.delete(key);
    if (held.state === 'settling') this.#settling -= 1;
    this.#leaveWaiting(held);
    this.#wake();
  }

  #leaveWaiting(held: HeldEntry): void {
    if (held.state !== 'waiting') return;
    const at = this.#waiting.indexOf(held);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  #wake(): void {
    const waiters = this.#onChange;
    this.#onChange = [];
    for (const wake of waiters) wake();
  }

  all(): HeldEntry[] {
    return [...this.#byKey.values()];
  }

  /** How many entries may come in: as many again as `capacity` may be settling, so that Redis is not waited for. */
  room(capacity: number): number {
    return Math.min(capacity - this.open, 2 * capacity - this.size);
  }

  /** Resolves when an entry leaves or begins to, or at once when `signal` is aborted. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#onChange.push(wake);
    });
  }
}
