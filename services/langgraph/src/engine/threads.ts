import type { DatabasePool, Transaction } from './database/pool.js';

/** Which graph a thread runs. */
export type ThreadKind = 'engineering' | 'deploy';

/** What starts a thread; never changes afterwards. */
export interface ThreadInput {
  request_id: string;
  task_id: string;
  project_id: string;
  user_id: number;
  correlation_id: string;
  callback_stream: string | null;
  /** The task's epoch at its claim. */
  epoch: number;
}

export interface TakenThread {
  threadId: string;
  kind: ThreadKind;
  input: ThreadInput;
  /** Tries in a row that failed because of us. */
  failures: number;
  /** Tries in a row that failed because something was away. */
  errors: number;
}

/** Another process drives the thread now: whoever gets this stops acting. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(threadId: string) {
    super(`thread ${threadId} is driven by another process`);
  }
}

/**
 * The threads table: which flows there are, and who drives each. Only the database's clock decides.
 *
 * ready ─take→ driven ─release→ waiting ─take→ driven … ─finish→ done
 *                └─ leave (failed): ready again, not before next_try_at
 * A driver that stops renewing loses the thread to whoever takes it first once the lease has run out.
 */
export class Threads {
  readonly #pool: DatabasePool;

  constructor(pool: DatabasePool) {
    this.#pool = pool;
  }

  /** Makes sure that a claimed task has its thread. */
  async ensure(kind: ThreadKind, input: ThreadInput): Promise<void> {
    await this.#pool.query(
      `insert into langgraph.threads (thread_id, kind, task_id, input) values ($1, $2, $3, $4)
       on conflict (thread_id) do nothing`,
      [input.request_id, kind, input.task_id, JSON.stringify(input)],
    );
  }

  /** Whether the flow has ended; undefined where there is none. */
  async hasEnded(threadId: string): Promise<boolean | undefined> {
    const { rows } = await this.#pool.query('select state from langgraph.threads where thread_id = $1', [threadId]);
    return rows[0] && rows[0].state === 'done';
  }

  /** Frees the threads that an earlier process of this name drove when it died: a name belongs to one process at a time. */
  async freeOf(instance: string): Promise<void> {
    await this.#pool.query(
      `update langgraph.threads set driver = null, lease_until = null, state = 'ready', next_try_at = now()
        where starts_with(driver, $1)`,
      [`${instance}/`],
    );
  }

  /** Takes a thread that nobody drives; undefined when someone does, or it has ended. */
  async take(threadId: string, driver: string, leaseMs: number): Promise<TakenThread | undefined> {
    const { rows } = await this.#pool.query(
      `update langgraph.threads
          set driver = $2, lease_until = now() + $3 * interval '1 millisecond'
        where thread_id = $1 and state <> 'done' and (driver is null or lease_until < now())
        returning kind, input, failures, errors`,
      [threadId, driver, leaseMs],
    );
    const row = rows[0];
    if (!row) return undefined;
    return { threadId, kind: row.kind, input: row.input, failures: row.failures, errors: row.errors };
  }

  /** Whether the lease could be renewed: false once another driver has the thread. */
  async renew(threadId: string, driver: string, leaseMs: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `update langgraph.threads set lease_until = now() + $3 * interval '1 millisecond'
        where thread_id = $1 and driver = $2`,
      [threadId, driver, leaseMs],
    );
    return rowCount === 1;
  }

  /** The flow waits: nobody drives it until something is answered. */
  async release(threadId: string, driver: string): Promise<void> {
    await this.#pool.query(
      `update langgraph.threads
          set driver = null, lease_until = null, state = 'waiting', failures = 0, errors = 0
        where thread_id = $1 and driver = $2`,
      [threadId, driver],
    );
  }

  /** A try failed: the sweep goes on with the thread after the delay. */
  async leave(
    threadId: string,
    driver: string,
    outcome: { delayMs: number; failures: number; errors: number },
  ): Promise<void> {
    await this.#pool.query(
      `update langgraph.threads
          set driver = null, lease_until = null, state = 'ready', failures = $3, errors = $4,
              next_try_at = now() + $5 * interval '1 millisecond'
        where thread_id = $1 and driver = $2`,
      [threadId, driver, outcome.failures, outcome.errors, outcome.delayMs],
    );
  }

  /** The flow has ended. */
  async finish(threadId: string, driver: string): Promise<void> {
    await this.#pool.query(
      `update langgraph.threads
          set driver = null, lease_until = null, state = 'done', finished_at = now()
        where thread_id = $1 and driver = $2`,
      [threadId, driver],
    );
  }

  /** The threads that have not ended. */
  async unfinished(): Promise<string[]> {
    const { rows } = await this.#pool.query("select thread_id from langgraph.threads where state <> 'done'");
    return rows.map((row) => row.thread_id as string);
  }

  /** Threads that should be driven and are not: new, failed and due, abandoned, or answered while nobody looked. */
  async drivable(limit: number): Promise<string[]> {
    const { rows } = await this.#pool.query(
      `select thread_id from langgraph.threads t
        where state <> 'done' and (
          (driver is not null and lease_until < now())
          or (driver is null and state = 'ready' and next_try_at <= now())
          or (driver is null and state = 'waiting' and exists (
                select 1 from langgraph.waits w
                 where w.thread_id = t.thread_id and w.result is not null and w.resumed_at is null)))
        order by next_try_at limit $1`,
      [limit],
    );
    return rows.map((row) => row.thread_id as string);
  }

  /** Removes what has been over for long, with its checkpoints. */
  async purge(olderThanMs: number, limit: number): Promise<number> {
    const { rows } = await this.#pool.query(
      `delete from langgraph.threads where thread_id in (
         select thread_id from langgraph.threads
          where state = 'done' and finished_at < now() - $1 * interval '1 millisecond' limit $2)
       returning thread_id`,
      [olderThanMs, limit],
    );
    const ids = rows.map((row) => row.thread_id as string);
    for (const table of ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']) {
      if (ids.length > 0) await this.#pool.query(`delete from langgraph.${table} where thread_id = any($1)`, [ids]);
    }
    return ids.length;
  }
}

/** Refuses to go on, inside a transaction, unless the driver still has the thread; nobody can take it before the commit. */
export async function assertDriver(transaction: Transaction, threadId: string, driver: string): Promise<void> {
  const { rows } = await transaction.query(
    'select 1 from langgraph.threads where thread_id = $1 and driver = $2 for share',
    [threadId, driver],
  );
  if (rows.length === 0) throw new LeaseLost(threadId);
}
