import type { IncomingMessage } from 'node:http';
import type { Logger } from '@codegen/sdk/queue';

const WINDOW_MS = 10_000;
const LINES = 10;
const PATH_LENGTH = 200;
const REASON_LENGTH = 300;

/** Logs requests that failed, the first ten of every ten seconds; the rest it counts. */
export class FailureLog {
  readonly #logger: Logger;
  #window: NodeJS.Timeout | undefined;
  #count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Says what failed and why; the query of a path is left out, it may hold what is nobody's business. */
  report(reason: string, request?: IncomingMessage): void {
    this.#window ??= setTimeout(() => this.close(), WINDOW_MS).unref();
    this.#count += 1;
    if (this.#count > LINES) return;
    const what = request && { method: request.method, path: request.url?.split('?', 1)[0]?.slice(0, PATH_LENGTH) };
    this.#logger.warn({ ...what, reason: reason.slice(0, REASON_LENGTH) }, 'request failed');
  }

  /** Ends the ten seconds: says how many were only counted. */
  close(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    const more = this.#count - LINES;
    this.#count = 0;
    if (more > 0) this.#logger.warn({ more }, 'more requests failed');
  }
}
