import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { asUnavailable, unlessWrongType } from './redis-errors.js';

/**
 * Notices that Redis may have lost data: it is another run of the server than the one that was marked (a restart, a
 * failover), or the mark that was left in it is gone (FLUSHALL). Redis cannot say what is missing, so whoever knows
 * looks through its own records then.
 */
export class LossWatch {
  readonly #redis: Redis;
  readonly #mark: string;
  /** The server's run; asked for anew with every connection. */
  #run: string | undefined;

  /** `name` tells the marks of different services apart; replicas of one service share theirs. */
  constructor(redis: Redis, name: string) {
    this.#redis = redis;
    this.#mark = `loss-watch:${name}`;
    redis.on('ready', () => {
      this.#run = undefined;
    });
  }

  /**
   * Runs the repair where something may have been lost since the last one that succeeded, whoever ran it.
   * With Redis away it does nothing yet.
   * @throws {OrchestratorError} REDIS_UNAVAILABLE; and what the repair throws: it runs again next time
   */
  async check(repair: () => Promise<void>): Promise<void> {
    if (this.#redis.status !== 'ready') return;
    const run = await this.#asked(async () => {
      this.#run ??= await this.#runOfServer();
      if ((await this.#redis.get(this.#mark).catch(unlessWrongType(null))) === this.#run) return undefined;
      await this.#redis.set(this.#mark, 'repairing');
      return this.#run;
    });
    if (run === undefined) return;
    await repair();
    // Only where it still stands: what was lost while the repair ran is another loss.
    await this.#asked(() => this.#redis.set(this.#mark, run, 'XX'));
  }

  // What the repair asks may be away too, and is no Redis.
  async #asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asUnavailable(error, 'making good what Redis may have lost');
    }
  }

  async #runOfServer(): Promise<string> {
    // Where INFO is not allowed, every connection counts as a run of its own.
    const info = await this.#redis.info('server').catch(() => '');
    return /run_id:(\w+)/.exec(info)?.[1] ?? randomUUID();
  }
}
