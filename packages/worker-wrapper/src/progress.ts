import { setTimeout as sleep } from 'node:timers/promises';
import { withoutEscapes } from '@codegen/sdk/text';

const MAX_CHARACTERS = 500;

/** One printable line: no control characters, at most `most` characters. */
export function plainLine(text: string, most = MAX_CHARACTERS): string {
  // A line may be megabytes long, and only its start is used.
  const start = withoutEscapes(text.slice(0, 8 * most));
  const plain = start.replace(/\p{Cc}+/gu, ' ').trim();
  return Array.from(plain).slice(0, most).join('');
}

/**
 * Reports progress at most once in `everyMs`, one at a time. A new text replaces the waiting one, so the last text is always
 * reported. A failed report is dropped: progress may be lost, results may not.
 */
export class ProgressThrottle {
  #waiting: string | undefined;
  #running: Promise<void> | undefined;
  readonly #flushing = new AbortController();

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

  /** Reports the waiting text, and resolves when that has succeeded or failed. */
  async flush(): Promise<void> {
    this.#flushing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined) {
      const message = this.#waiting;
      this.#waiting = undefined;
      await this.report(message).catch(() => undefined);
      await sleep(this.everyMs, undefined, { signal: this.#flushing.signal }).catch(() => undefined);
    }
  }
}
