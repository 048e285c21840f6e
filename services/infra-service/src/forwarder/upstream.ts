import { Agent } from 'node:http';

/** What clients are told while no release runs. */
export const NO_RELEASE = 'No release is running on this port yet: it is starting or restarting. Try again shortly.';

/** A release as the forwarder sees it: where it listens, and how many requests it still has to finish. */
export class Upstream {
  /** Keeps connections to the release open between requests. */
  readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #idle = new Set<() => void>();
  #inFlight = 0;

  constructor(
    readonly host: string,
    readonly port: number,
  ) {}

  /** Requests and upgraded connections that it has not finished. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Counts a request; the returned call, which counts once however often it is made, ends it. */
  begin(): () => void {
    this.#inFlight += 1;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#inFlight -= 1;
      if (this.#inFlight === 0) for (const wake of this.#idle) wake();
    };
  }

  /** Settles when nothing is in flight any more, or after the limit. Once idle, its kept connections are closed. */
  async drain(limitMs: number): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          this.#idle.delete(done);
          resolve();
        };
        const timer = setTimeout(done, limitMs);
        this.#idle.add(done);
      });
    }
    // Destroying cuts connections that are in use, too.
    if (this.#inFlight === 0) this.agent.destroy();
  }
}
