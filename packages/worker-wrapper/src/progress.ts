import { setTimeout as sleep } from 'node:timers/promises';
import { withoutEscapes } from '@codegen/sdk/text';

const MAX_CHARACTERS = 500;

/** One line that a person may read: no control characters, at most 500 characters unless told otherwise. */
export function plainLine(text: string, most = MAX_CHARACTERS): string {
  // A line may be megabytes long, and only its beginning counts.
  const start = withoutEscapes(text.slice(0, 8 * most));
  const plain = start.replace(/\p{Cc}+/gu, ' ').trim();
  return Array.from(plain).slice(0, most).join('');
}

/**
 * Passes on progress at most once in `everyMs`, one at a time; what comes meanwhile replaces what waits, so the last
 * one is always kept. A failing report is dropped: progress may be lost, results may not.
 */
export class ProgressThrottle {
  #waiting: string | undefined;
  #running: Promise<void> | undefined;
  readonly #hurry = new AbortController();

  constructor(
    readonly report: (message: string) => Promise<void>,
    readonly everyMs = 200,
  ) {}

  offer(text: string): void {
    const line = plainLine(text);
    if (!line) return;
    this.#waiting = line;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Sends what waits and resolves when it is sent, or has failed. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined) {
      const message = this.#waiting;
      this.#waiting = undefined;
      await this.report(message).catch(() => undefined);
      await sleep(this.everyMs, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
    }
  }
}
