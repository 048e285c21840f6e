import type { CurrentMessage } from '../current-message.js';
import { type Logger, withBindings } from '../queue/logger.js';
import type { QueueStore } from '../queue/store.js';
import type { ConsumerCore } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';
import type { HandlerContext } from './options.js';

/** What a handler gets beside its message; signal and logger are made for those that ask. */
export class EntryContext implements HandlerContext {
  readonly attempt: number;
  readonly queue: QueueStore;
  readonly #entry: HeldEntry;
  readonly #core: ConsumerCore;
  readonly #current: CurrentMessage;
  #logger: Logger | undefined;

  constructor(core: ConsumerCore, entry: HeldEntry, current: CurrentMessage, attempt: number) {
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
}
