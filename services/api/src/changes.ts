/** What long polls of the outbox watch, in place of a task. */
export const OUTBOX = 'outbox';

/** Tells long polls of this process that something about a task was committed. */
export class Changes {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Call after the commit. */
  notify(taskId: string): void {
    for (const listener of [...(this.#listeners.get(taskId) ?? [])]) listener();
  }

  /** Watches a task; what happens between two waits is not missed. */
  watch(taskId: string): { next(timeoutMs: number, signal: AbortSignal): Promise<void>; stop(): void } {
    let changed = false;
    let wake: () => void = () => undefined;
    const listener = () => {
      changed = true;
      wake();
    };
    const listeners = this.#listeners.get(taskId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(taskId, listeners);
    return {
      next: (timeoutMs, signal) =>
        new Promise((resolve) => {
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            wake = () => undefined;
            changed = false;
            resolve();
          };
          const timer = setTimeout(done, timeoutMs);
          signal.addEventListener('abort', done);
          wake = done;
          if (changed || signal.aborted) done();
        }),
      stop: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(taskId) === listeners) this.#listeners.delete(taskId);
      },
    };
  }

  /** How many polls are open. */
  get watching(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
}
