import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunnableConfig } from '@langchain/core/runnables';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import type { Pool, PoolClient } from 'pg';
import { SCHEMA } from './database/migrate.js';
import type { DatabasePool } from './database/pool.js';
import { assertDriver, LeaseLost } from './threads.js';

/**
 * LangGraph's checkpoints in PostgreSQL, written only by the thread's driver: every write first checks, in its own
 * transaction, that the lease is still ours. Without it a process that slept through its lease would fork the history.
 */
export class FencedSaver extends PostgresSaver {
  readonly #pool: DatabasePool;
  readonly #driverOf: (threadId: string) => string | undefined;
  readonly #onFailure: ((threadId: string, error: unknown) => void) | undefined;
  static readonly #writing = new AsyncLocalStorage<{ threadId: string; driver: string }>();

  /**
   * @param driverOf the driver under which this process drives a thread, while it may act on it
   * @param onFailure must end the drive of a thread whose write failed, so that nothing is written behind the gap. With
   *   it, writes do not reject: LangGraph looks at some of their promises too late, and Node ends a process for that.
   */
  constructor(
    pool: DatabasePool,
    driverOf: (threadId: string) => string | undefined,
    onFailure?: (threadId: string, error: unknown) => void,
  ) {
    super(
      fencedPool(pool, () => FencedSaver.#writing.getStore()),
      undefined,
      { schema: SCHEMA },
    );
    this.#pool = pool;
    this.#driverOf = driverOf;
    this.#onFailure = onFailure;
  }

  /**
   * A named checkpoint, or the one that was written last. The ids do not tell which that is: they hold the time of the
   * process that wrote them, and flows move between hosts.
   */
  override async getTuple(config: RunnableConfig): ReturnType<PostgresSaver['getTuple']> {
    const { thread_id, checkpoint_ns = '', checkpoint_id } = config.configurable ?? {};
    if (checkpoint_id) return super.getTuple(config);
    const { rows } = await this.#pool.query(
      `select checkpoint_id from ${SCHEMA}.checkpoints where thread_id = $1 and checkpoint_ns = $2
        order by write_order desc limit 1`,
      [thread_id, checkpoint_ns],
    );
    if (!rows[0]) return undefined;
    return super.getTuple({
      ...config,
      configurable: { ...config.configurable, checkpoint_id: rows[0].checkpoint_id },
    });
  }

  override async put(...args: Parameters<PostgresSaver['put']>): ReturnType<PostgresSaver['put']> {
    const [{ configurable }, { id }] = args;
    const unwritten = { configurable: { ...configurable, checkpoint_id: id } };
    return this.#fenced(args[0], () => super.put(...args), unwritten);
  }

  override async putWrites(...args: Parameters<PostgresSaver['putWrites']>): Promise<void> {
    return this.#fenced(args[0], () => super.putWrites(...args), undefined);
  }

  async #fenced<T>(config: RunnableConfig, write: () => Promise<T>, unwritten: T): Promise<T> {
    const threadId = String(config.configurable?.thread_id);
    try {
      const driver = this.#driverOf(threadId);
      if (driver === undefined) throw new LeaseLost(threadId);
      return await FencedSaver.#writing.run({ threadId, driver }, write);
    } catch (error) {
      if (!this.#onFailure) throw error;
      this.#onFailure(threadId, error);
      return unwritten;
    }
  }
}

/** The pool, with a check of the lease behind every BEGIN. */
function fencedPool(pool: DatabasePool, writer: () => { threadId: string; driver: string } | undefined): Pool {
  return {
    query: pool.query.bind(pool),
    connect: async () => {
      const client = await pool.connect();
      const query = async (...args: unknown[]) => {
        const result = await (client.query as (...all: unknown[]) => Promise<unknown>)(...args);
        const writing = writer();
        if (args[0] === 'BEGIN' && writing) await assertDriver(client, writing.threadId, writing.driver);
        return result;
      };
      return { query, release: (error?: Error | boolean) => client.release(error) } as unknown as PoolClient;
    },
  } as unknown as Pool;
}
