/** Lets one piece of work at a time touch a worker; work on other workers goes on beside it. */
export class WorkerLocks {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(workerId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(workerId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => undefined);
    this.#last.set(workerId, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(workerId) === settled) this.#last.delete(workerId);
    }
  }
}
