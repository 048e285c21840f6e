import { backoffMs } from '../queue/backoff.js';
import { sayFailed } from '../queue/what-is-away.js';
import type { ConsumerCore } from './consumer-core.js';

/** Milliseconds after which delays that another process added are noticed. */
const LOOK_EVERY_MS = 750;

/** Puts delayed entries back when they are due. Sleeps until then, or until this process delays another one. */
export class Mover {
  readonly #core: ConsumerCore;
  #wake: () => void = () => undefined;

  constructor(core: ConsumerCore) {
    this.#core = core;
  }

  wake(): void {
    this.#wake();
  }

  async run(): Promise<void> {
    const { store, stream, stopping, logger } = this.#core;
    for (let failures = 0; !stopping.aborted; ) {
      try {
        const { moved, nextMs = LOOK_EVERY_MS } = await store.moveDue(stream, this.#core);
        failures = 0;
        if (moved === 0 || nextMs > 0) await this.#sleep(Math.min(nextMs, LOOK_EVERY_MS));
      } catch (error) {
        failures += 1;
        if (failures === 3) sayFailed(logger, error, 'cannot move delayed entries, still trying');
        await this.#sleep(backoffMs(failures));
      }
    }
  }

  #sleep(ms: number): Promise<void> {
    const { stopping } = this.#core;
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        stopping.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      stopping.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
      if (stopping.aborted) wake();
    });
  }
}
