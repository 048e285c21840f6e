export interface Watched {
  /** Bytes that have moved; as long as they change, all is well. */
  bytes(): number;
  /** How long nothing may move as things stand, and what is done then. */
  patience(): { readonly ms: number; readonly end: () => void };
}

/** Ends what stands still. It looks at counters now and then, so that a byte on its way costs nothing. */
export class IdleWatch {
  readonly #seen = new Map<Watched, { bytes: number; sinceMs: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(everyMs: number) {
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  add(one: Watched): void {
    this.#seen.set(one, { bytes: one.bytes(), sinceMs: performance.now() });
  }

  remove(one: Watched): void {
    this.#seen.delete(one);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    for (const [one, seen] of this.#seen) {
      const bytes = one.bytes();
      if (bytes !== seen.bytes) Object.assign(seen, { bytes, sinceMs: nowMs });
      const { ms, end } = one.patience();
      if (nowMs - seen.sinceMs < ms) continue;
      this.#seen.delete(one);
      end();
    }
  }
}
