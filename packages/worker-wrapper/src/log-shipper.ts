import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerLogLine, workerLog } from '@codegen/contracts';
import { type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { boundedText, type RedactedStream, type Redactor, withoutEscapes } from '@codegen/sdk/text';
import { plainLine } from './progress.js';

/** Milliseconds between two batches. */
const EVERY_MS = 200;
/** Lines of one batch; what an agent prints beyond that is left out, and said to be. */
const BATCH = 100;
/** Characters of a line that are kept. */
const MAX_LINE = 2000;
/** Characters of a line that are looked through. */
const MAX_LOOKED_AT = 16 * MAX_LINE;

type Line = Pick<WorkerLogLine, 'request_id' | 'source' | 'text' | 'timestamp'>;

/** What one source wrote and is not told yet: the end of a line that may be the beginning of a secret over several. */
interface Held {
  readonly clean: RedactedStream;
  text: string;
  requestId: string | null;
  /** Whether nothing was written since the last batch, so that nothing more is waited for. */
  isQuiet: boolean;
}

/**
 * Tells what the worker and its agent write, in the log of the worker. Never holds anybody up: lines are left out
 * where there are too many, and lost while Redis is away.
 */
export class LogShipper {
  #lines: Line[] = [];
  readonly #held = new Map<Line['source'], Held>();
  #omitted = 0;
  #running: Promise<void> | undefined;
  readonly #hurry = new AbortController();

  constructor(readonly options: { readonly redis: Redis; readonly workerId: string; readonly redactor: Redactor }) {}

  write(source: Line['source'], text: string, requestId: string | null): void {
    const held = this.#held.get(source) ?? this.#hold(source, requestId);
    // A secret that this cuts lies beyond what is kept.
    const told = held.clean.write(`${withoutEscapes(text.slice(0, MAX_LOOKED_AT))}\n`);
    const lines = (held.text + told).split('\n');
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
    const line = plainLine(boundedText(text, { maxBytes: MAX_LOOKED_AT }), MAX_LINE);
    if (line === '') return;
    if (this.#lines.length >= BATCH) {
      this.#omitted += 1;
      return;
    }
    this.#lines.push({ source, text: line, request_id: requestId, timestamp: new Date().toISOString() });
  }

  /** Tells what was held, where nothing has followed it. */
  #release(): void {
    for (const [source, held] of this.#held) {
      if (held.isQuiet) {
        this.#held.delete(source);
        for (const line of (held.text + held.clean.rest()).split('\n')) this.#add(source, line, held.requestId);
      }
      held.isQuiet = true;
    }
  }

  /** Sends what waits, and resolves when that has been sent or has failed; later lines are sent at once. */
  async flush(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
  }

  /** A logger that writes here too what is worth telling. */
  beside(logger: Logger): Logger {
    const tee =
      (level: 'info' | 'warn' | 'error') =>
      (bindings: Record<string, unknown>, message: string): void => {
        logger[level](bindings, message);
        const error = typeof bindings.error === 'string' ? `: ${bindings.error}` : '';
        this.write('wrapper', `${level} ${message}${error}`, null);
      };
    return {
      debug: (bindings, message) => logger.debug(bindings, message),
      info: tee('info'),
      warn: tee('warn'),
      error: tee('error'),
    };
  }

  async #run(): Promise<void> {
    while (this.#lines.length > 0 || this.#held.size > 0) {
      await sleep(EVERY_MS, undefined, { signal: this.#hurry.signal }).catch(() => undefined);
      this.#release();
      const lines = this.#lines;
      this.#lines = [];
      if (this.#omitted > 0) {
        const text = `${this.#omitted} more lines were left out`;
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
