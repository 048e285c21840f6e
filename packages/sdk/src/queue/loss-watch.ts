import type { Redis } from 'ioredis';
import { asUnavailable } from './redis-errors.js';

/**
 * Notices that Redis may have lost data: it was connected to anew (a restart, a failover), or the mark that was left in
 * it is gone (FLUSHALL). Redis cannot say what is missing, so whoever knows looks through its own records then.
 */
export class LossWatch {
  readonly #redis: Redis;
  readonly #mark: string;
  #suspected = true;

  /** `name` tells the marks of different services apart. */
  constructor(redis: Redis, name: string) {
    this.#redis = redis;
    this.#mark = `loss-watch:${name}`;
    redis.on('ready', () => {
      this.#suspected = true;
    });
  }

  /**
   * Runs the repair where something may have been lost since the last one that succeeded, the first time in any case.
   * With Redis away it does nothing yet.
   * @throws {OrchestratorError} REDIS_UNAVAILABLE; and what the repair throws: it runs again next time
   */
  async check(repair: () => Promise<void>): Promise<void> {
    if (this.#redis.status !== 'ready') return;
    if (!this.#suspected && (await this.#marked())) return;
    // What is lost from here on counts as another loss.
    this.#suspected = false;
    try {
      await repair();
      await this.#redis.set(this.#mark, '1');
    } catch (error) {
      this.#suspected = true;
      throw asUnavailable(error, 'making good what Redis may have lost');
    }
  }

  async #marked(): Promise<boolean> {
    try {
      return (await this.#redis.exists(this.#mark)) === 1;
    } catch (error) {
      throw asUnavailable(error, 'looking for lost data');
    }
  }
}
