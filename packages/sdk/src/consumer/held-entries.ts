import type { EntryFields } from '@codegen/contracts';
import type { StreamEntry } from '../queue/entry.js';

/** An entry whose lease this consumer keeps: waiting for a free handler, running, or being settled. */
export class HeldEntry implements StreamEntry {
  readonly stream: string;
  readonly id: string;
  readonly fields: EntryFields;
  readonly deliveries: number;
  state: 'waiting' | 'running' | 'settling' = 'waiting';
  /** The request of its message, once that was read. */
  requestId: string | undefined;
  /** The event loop stood still, longer than a lease lasts, while it was being handled. */
  stalled = false;
  #abort: AbortController | undefined;

  constructor({ stream, id, fields }: StreamEntry, deliveries: number) {
    this.stream = stream;
    this.id = id;
    this.fields = fields;
    this.deliveries = deliveries;
  }

  /** Made when it is first asked for: few handlers ask, and it costs more than all else that is kept of an entry. */
  get abort(): AbortController {
    this.#abort ??= new AbortController();
    return this.#abort;
  }

  get aborted(): boolean {
    return this.#abort?.signal.aborted ?? false;
  }
}

/** The lease went to another consumer, or the entry is gone. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/** Whether this run of an entry has lost its lease: nothing that comes of it counts any more. */
export function isLost(entry: HeldEntry): boolean {
  return entry.aborted && entry.abort.signal.reason instanceof LeaseLostError;
}

/** Everything this consumer holds, in order of arrival. */
export class HeldEntries {
  readonly #byStream = new Map<string, Map<string, HeldEntry>>();
  readonly #waiting: HeldEntry[] = [];
  #size = 0;
  #settling = 0;
  #running = 0;
  readonly #checks = new Set<() => void>();

  get size(): number {
    return this.#size;
  }

  /** How many wait or run. */
  get open(): number {
    return this.#size - this.#settling;
  }

  /** How many wait for a free handler. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many handlers run, also for entries that were lost meanwhile. */
  get running(): number {
    return this.#running;
  }

  has(stream: string, id: string): boolean {
    return this.#byStream.get(stream)?.has(id) ?? false;
  }

  /** Takes an entry in; one that is held already is left alone. */
  add(entry: StreamEntry, deliveries: number): void {
    let byId = this.#byStream.get(entry.stream);
    if (!byId) {
      byId = new Map();
      this.#byStream.set(entry.stream, byId);
    }
    if (byId.has(entry.id)) return;
    const held = new HeldEntry(entry, deliveries);
    byId.set(entry.id, held);
    this.#size += 1;
    this.#waiting.push(held);
  }

  /** The next entry to run, if one waits. */
  take(): HeldEntry | undefined {
    const held = this.#waiting.shift();
    if (!held) return undefined;
    held.state = 'running';
    this.#running += 1;
    return held;
  }

  /** The handler of an entry that was taken has returned or thrown. */
  handlerEnded(): void {
    this.#running -= 1;
    this.#wake();
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
    const byId = this.#byStream.get(held.stream);
    // After a lost lease the same entry may be held anew, for another run.
    if (byId?.get(held.id) !== held) return;
    byId.delete(held.id);
    this.#size -= 1;
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
    for (const check of this.#checks) check();
  }

  all(): HeldEntry[] {
    return [...this.#byStream.values()].flatMap((byId) => [...byId.values()]);
  }

  /** How many entries may come in: three times `capacity` may be settling besides, so that Redis is not waited for. */
  room(capacity: number): number {
    return Math.min(capacity - this.open, 4 * capacity - this.size);
  }

  /** Resolves once `condition` holds, looked at whenever an entry leaves or begins to; or when `signal` is aborted. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!signal.aborted && !condition()) return;
        signal.removeEventListener('abort', check);
        this.#checks.delete(check);
        resolve();
      };
      signal.addEventListener('abort', check);
      this.#checks.add(check);
      check();
    });
  }
}
