import type { CurrentMessage } from '../current-message.js';
import { type Logger, withBindings } from '../queue/logger.js';
import { reportProgress } from '../queue/progress.js';
import type { QueueStore } from '../queue/store.js';
import { sayFailed } from '../queue/what-is-away.js';
import type { ConsumerCore } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';
import type { HandlerContext, ProgressFields } from './options.js';

/** What a handler gets beside its message; signal and logger are made for those that ask. */
export class EntryContext implements HandlerContext {
  readonly attempt: number;
  readonly queue: QueueStore;
  readonly #entry: HeldEntry;
  readonly #core: ConsumerCore;
  readonly #current: CurrentMessage;
  readonly #message: object;
  #logger: Logger | undefined;

  constructor(core: ConsumerCore, entry: HeldEntry, current: CurrentMessage, attempt: number, message: object) {
    this.#message = message;
    this.#core = core;
    this.#entry = entry;
    this.#current = current;
    this.attempt = attempt;
    this.queue = core.store;
  }

  get entryId(): string {
    return this.#entry.id;
  }

  get stream(): string {
    return this.#entry.stream;
  }

  get signal(): AbortSignal {
    return this.#entry.abort.signal;
  }

  get logger(): Logger {
    this.#logger ??= withBindings(this.#core.logger, this.#current);
    return this.#logger;
  }

  async progress(message: string, fields: ProgressFields = {}): Promise<void> {
    const { request_id } = this.#current;
    const { task_id = null, callback_stream = null } = this.#message as {
      task_id?: string | null;
      callback_stream?: string | null;
    };
    if (request_id === undefined || (task_id === null && callback_stream === null)) return;
    const event = { ...fields, type: 'progress', request_id, task_id, message, callback_stream } as const;
    await reportProgress(this.queue, event).catch((error: unknown) =>
      sayFailed(this.logger, error, 'progress was dropped'),
    );
  }
}
