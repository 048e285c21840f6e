import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerLogLine, workerLog } from '@codegen/contracts';
import { type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { boundedText, type RedactedStream, type Redactor, withoutEscapes } from '@codegen/sdk/text';
import { plainLine } from './progress.js';

/** Milliseconds between two batches. */
const EVERY_MS = 200;
/** Lines per batch; further lines are dropped, and their number is logged. */
const BATCH = 100;
/** Maximum characters of a logged line. */
const MAX_LINE = 2000;
/** Maximum characters of a line that are redacted. */
const MAX_REDACTED = 16 * MAX_LINE;

type Line = Pick<WorkerLogLine, 'request_id' | 'source' | 'text' | 'timestamp'>;

/** Text of one source that is held back: it may be the start of a secret that spans lines. */
interface Held {
  readonly clean: RedactedStream;
  text: string;
  requestId: string | null;
  /** Whether the source wrote nothing since the last batch, so that the text can be sent. */
  isQuiet: boolean;
}

/**
 * Publishes the output of the worker and its agent in the worker's log. It never blocks: lines are dropped if there are too
 * many, and lost while Redis is unavailable.
 */
export class LogShipper {
  #lines: Line[] = [];
  readonly #held = new Map<Line['source'], Held>();
  #omitted = 0;
  #running: Promise<void> | undefined;
  readonly #flushing = new AbortController();

  constructor(readonly options: { readonly redis: Redis; readonly workerId: string; readonly redactor: Redactor }) {}

  write(source: Line['source'], text: string, requestId: string | null): void {
    const held = this.#held.get(source) ?? this.#hold(source, requestId);
    // A secret that this cuts is beyond the logged part.
    const clean = held.clean.write(`${withoutEscapes(text.slice(0, MAX_REDACTED))}\n`);
    const lines = (held.text + clean).split('\n');
    held.text = lines.pop() as string;
    held.isQuiet = false;
    for (const line of lines) this.#add(source, line, held.requestId);
    held.requestId = requestId;
    this.#running ??= this.#run()
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }

  #hold(source: Line['source'], requestId: string | null): Held {
    const held = { clean: this.options.redactor.stream(), text: '', requestId, isQuiet: false };
    this.#held.set(source, held);
    return held;
  }

  #add(source: Line['source'], text: string, requestId: string | null): void {
    const line = plainLine(boundedText(text, { maxBytes: MAX_REDACTED }), MAX_LINE);
    if (line === '') return;
    if (this.#lines.length >= BATCH) {
      this.#omitted += 1;
      return;
    }
    this.#lines.push({ source, text: line, request_id: requestId, timestamp: new Date().toISOString() });
  }

  /** Releases held text of sources that have been quiet for a batch. */
  #release(): void {
    for (const [source, held] of this.#held) {
      if (held.isQuiet) {
        this.#held.delete(source);
        for (const line of (held.text + held.clean.rest()).split('\n')) this.#add(source, line, held.requestId);
      }
      held.isQuiet = true;
    }
  }

  /** Sends all waiting lines, and resolves when that has succeeded or failed; later lines are sent at once. */
  async flush(): Promise<void> {
    this.#flushing.abort();
    await this.#running;
  }

  /** A logger that also writes here, except debug lines. */
  tee(logger: Logger): Logger {
    const both =
      (level: 'info' | 'warn' | 'error') =>
      (bindings: Record<string, unknown>, message: string): void => {
        logger[level](bindings, message);
        const error = typeof bindings.error === 'string' ? `: ${bindings.error}` : '';
        this.write('wrapper', `${level} ${message}${error}`, null);
      };
    return {
      debug: (bindings, message) => logger.debug(bindings, message),
      info: both('info'),
      warn: both('warn'),
      error: both('error'),
    };
  }

  async #run(): Promise<void> {
    while (this.#lines.length > 0 || this.#held.size > 0) {
      await sleep(EVERY_MS, undefined, { signal: this.#flushing.signal }).catch(() => undefined);
      this.#release();
      const lines = this.#lines;
      this.#lines = [];
      if (this.#omitted > 0) {
        const text = `${this.#omitted} more lines were dropped`;
        lines.push({ source: 'wrapper', text, request_id: null, timestamp: new Date().toISOString() });
        this.#omitted = 0;
      }
      const { redis, workerId } = this.options;
      const params = { worker_id: workerId };
      const sent = lines.map((line) => publish(redis, workerLog, { worker_id: workerId, ...line }, { params }));
      await Promise.allSettled(sent);
    }
  }
}
