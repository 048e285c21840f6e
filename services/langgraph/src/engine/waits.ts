import type { Condition } from '@codegen/contracts';
import { type DatabasePool, inTransaction, type Transaction } from './database/pool.js';
import { assertDriver, type ThreadInput } from './threads.js';

/** A message as it goes to its stream, over and over unchanged. */
export interface OutgoingMessage {
  /** Stream of the contract, with its `{…}` unfilled. */
  queue: string;
  params: Record<string, string>;
  message: unknown;
}

/** What ends a wait. `answer` comes from whoever was asked; the rest from the sweep. */
export type WaitResult =
  | { kind: 'answer'; message: unknown }
  | FailedWait
  | { kind: 'cancelled' }
  /** The task has ended or gone on without this flow. */
  | { kind: 'superseded' }
  | { kind: 'ready' };

/** Nobody answered in time, or nobody was free to, or the answer could not be kept: the step has failed. */
interface FailedWait {
  kind: 'failed';
  reason: 'timeout' | 'no_worker' | 'answer_not_stored';
  error: string;
}

export interface NewWait {
  requestId: string;
  step: string;
  messages: OutgoingMessage[];
  /** What the task waits for by the API, where nobody answers. */
  condition?: Condition;
  /** Key where the answer is found too, for the case that its stream entry is missed. */
  responseKey?: string;
  /** Who is to answer, and what: `infra-service did not answer the deploy …`. */
  silence: string;
  /** Milliseconds until the wait has failed. */
  deadlineMs: number;
  /** It is a pause: that its time has run out is what it waits for. */
  isPause?: boolean;
  /** Milliseconds that an answer still counts after a request to cancel. */
  cancelAfterMs: number;
  /** The worker that has to start first, if any: the deadline begins when the request that creates it is answered. */
  worker?: { requestId: string; silence: string; deadlineMs: number } | undefined;
}

export interface DueWait {
  requestId: string;
  threadId: string;
  taskId: string;
  step: string;
  messages: OutgoingMessage[];
  condition: Condition | null;
  entries: { stream: string; id: string }[] | null;
}

/** First re-send after this long, then after twice as long each time. */
export const RESEND_AFTER_MS = 30_000;
/** A condition is looked up after this long, then after twice as long each time: what fulfils one wakes its flow. */
const CONDITION_AFTER_MS = 2000;
const CONDITION_EVERY_MS = 30_000;

/**
 * The waits table: one row for everything a flow waits for.
 *
 * written → sent (entries) → answered (result, once) → resumed
 * A row is written before its messages go out, so an answer always finds it. The first result stands.
 */
export class Waits {
  readonly #pool: DatabasePool;

  constructor(pool: DatabasePool) {
    this.#pool = pool;
  }

  /**
   * Writes a wait, unless it is there already. Tells whether its messages still have to be sent: not where the wait has
   * ended meanwhile, so that a flow that cannot send can be cancelled.
   * @throws LeaseLost when the driver has lost the thread
   */
  async write(threadId: string, driver: string, wait: NewWait, resendAfterMs: number): Promise<{ unsent: boolean }> {
    return inTransaction(this.#pool, async (transaction) => {
      await assertDriver(transaction, threadId, driver);
      const first = wait.worker ?? wait;
      const everyMs = wait.condition ? Math.min(CONDITION_AFTER_MS, resendAfterMs) : resendAfterMs;
      await transaction.query(
        `insert into langgraph.waits (request_id, thread_id, step, messages, condition, response_key,
                                      check_every_ms, next_check_at, deadline_at, deadline_result, cancel_after_ms,
                                      begins)
         values ($1, $2, $3, $4, $5, $6, $7::int, now() + $7::int * interval '1 millisecond',
                 now() + $8::bigint * interval '1 millisecond', $9, $10, $11)
         on conflict (request_id) do nothing`,
        [
          wait.requestId,
          threadId,
          wait.step,
          JSON.stringify(wait.messages),
          wait.condition ? JSON.stringify(wait.condition) : null,
          wait.responseKey ?? null,
          everyMs,
          first.deadlineMs,
          JSON.stringify(wait.isPause ? { kind: 'ready' } : timedOut(first, wait.worker ? 'no_worker' : 'timeout')),
          wait.cancelAfterMs,
          wait.worker ? JSON.stringify(beginning(wait, wait.worker)) : null,
        ],
      );
      await bringForward(transaction, [threadId]);
      const { rows } = await transaction.query(
        'select entries is null and result is null as unsent from langgraph.waits where request_id = $1',
        [wait.requestId],
      );
      return { unsent: rows[0].unsent && wait.messages.length > 0 };
    });
  }

  /** Notes where the messages of a wait lie now. */
  async sent(requestId: string, entries: { stream: string; id: string }[]): Promise<void> {
    await this.#pool.query('update langgraph.waits set entries = $2, sends = sends + 1 where request_id = $1', [
      requestId,
      JSON.stringify(entries),
    ]);
  }

  /** The worker of that request has started: the time of what waits for it begins, unless it is to end anyway. */
  async begin(requestId: string): Promise<void> {
    await this.#pool.query(
      `update langgraph.waits
          set deadline_at = now() + (begins->>'deadline_ms')::bigint * interval '1 millisecond',
              deadline_result = begins->'deadline_result', begins = null
        where begins->>'request_id' = $1 and result is null and deadline_result->>'kind' <> 'cancelled'`,
      [requestId],
    );
  }

  /** Stores a result if there is none yet; gives the thread that waited for it. */
  async answer(requestId: string, result: WaitResult): Promise<string | undefined> {
    const { rows } = await this.#pool.query(
      `update langgraph.waits set result = $2, answered_at = now()
        where request_id = $1 and result is null returning thread_id`,
      [requestId, JSON.stringify(result)],
    );
    return rows[0]?.thread_id as string | undefined;
  }

  /** The stored result of the wait that a flow stands at. Results of its earlier waits count as resumed from now on. */
  async resultFor(threadId: string, requestId: string): Promise<WaitResult | undefined> {
    await this.#pool.query(
      `update langgraph.waits set resumed_at = now()
        where thread_id = $1 and request_id <> $2 and result is not null and resumed_at is null`,
      [threadId, requestId],
    );
    const { rows } = await this.#pool.query('select result from langgraph.waits where request_id = $1', [requestId]);
    return (rows[0]?.result ?? undefined) as WaitResult | undefined;
  }

  /** Request ids of the waits whose time has run out, those that waited longest first. */
  async overdue(limit: number): Promise<string[]> {
    const { rows } = await this.#pool.query(
      'select request_id from langgraph.waits where result is null and deadline_at <= now() order by deadline_at limit $1',
      [limit],
    );
    return rows.map((row) => row.request_id as string);
  }

  /** Ends a wait whose time has run out; gives its thread. */
  async expire(requestId: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query(
      `update langgraph.waits set result = deadline_result, answered_at = now()
        where request_id = $1 and result is null and deadline_at <= now() returning thread_id`,
      [requestId],
    );
    return rows[0]?.thread_id as string | undefined;
  }

  /** Waits to look after now. Each is given to one caller only, until its next turn. */
  async due(limit: number): Promise<DueWait[]> {
    const { rows } = await this.#pool.query(
      `update langgraph.waits w
          set check_every_ms = least(w.check_every_ms::bigint * 2, case when w.condition is null then 3600000 else ${CONDITION_EVERY_MS} end),
              next_check_at = now() + w.check_every_ms * interval '1 millisecond'
        where w.result is null and w.next_check_at <= now() and w.request_id in (
          select request_id from langgraph.waits where result is null and next_check_at <= now()
           order by next_check_at limit $1)
        returning request_id, thread_id, step, messages, condition, entries,
                  (select task_id from langgraph.threads t where t.thread_id = w.thread_id) as task_id`,
      [limit],
    );
    return rows.map((row) => ({
      requestId: row.request_id,
      threadId: row.thread_id,
      taskId: row.task_id,
      step: row.step,
      messages: row.messages,
      condition: row.condition,
      entries: row.entries,
    }));
  }

  /** Has every unanswered message looked after now. */
  async allDue(): Promise<void> {
    await this.#pool.query(
      'update langgraph.waits set next_check_at = now() where result is null and condition is null',
    );
  }

  /** What started the thread of a wait, where that thread has ended. */
  async inputOfEnded(requestId: string): Promise<ThreadInput | undefined> {
    const { rows } = await this.#pool.query(
      `select t.input from langgraph.waits w join langgraph.threads t using (thread_id)
        where w.request_id = $1 and t.state = 'done'`,
      [requestId],
    );
    return rows[0]?.input as ThreadInput | undefined;
  }

  /** Unanswered waits whose answer may lie under a key. */
  async withResponseKey(limit: number): Promise<{ requestId: string; step: string; key: string }[]> {
    const { rows } = await this.#pool.query(
      `select request_id, step, response_key from langgraph.waits
        where result is null and response_key is not null and created_at < now() - interval '1 second'
        order by created_at desc limit $1`,
      [limit],
    );
    return rows.map((row) => ({ requestId: row.request_id, step: row.step, key: row.response_key }));
  }

  /** Ends the waits of these flows, those too that they begin later, or brings their end forward. The first request counts. */
  async cancel(threadIds: readonly string[]): Promise<void> {
    if (threadIds.length === 0) return;
    // In this order: a wait that is written meanwhile sees the request, or is seen here.
    await this.#pool.query(
      `update langgraph.threads set cancel_requested = true
        where thread_id = any($1) and state <> 'done' and not cancel_requested`,
      [threadIds],
    );
    await bringForward(this.#pool, threadIds);
  }

  /** The requests of the conditions that a flow waits for. */
  async conditionsOf(threadId: string): Promise<string[]> {
    const { rows } = await this.#pool.query(
      'select request_id from langgraph.waits where thread_id = $1 and condition is not null and result is null',
      [threadId],
    );
    return rows.map(({ request_id }) => request_id as string);
  }

  /** Ends waits for conditions that are fulfilled. */
  async fulfil(requestIds: readonly string[]): Promise<void> {
    await this.#pool.query(
      `update langgraph.waits set result = $2, answered_at = now()
        where request_id = any($1) and condition is not null and result is null`,
      [requestIds, JSON.stringify({ kind: 'ready' })],
    );
  }

  /** Ends every wait of a flow whose task has moved on without it. */
  async supersede(threadId: string): Promise<void> {
    await this.#pool.query(
      'update langgraph.waits set result = $2, answered_at = now() where thread_id = $1 and result is null',
      [threadId, JSON.stringify({ kind: 'superseded' })],
    );
  }

  /** Workers that earlier flows of a task asked for and that nobody has said are gone. */
  async workersLeft(taskId: string, threadId: string): Promise<string[]> {
    const { rows } = await this.#pool.query(
      `with mine as (
         select w.* from langgraph.waits w join langgraph.threads t using (thread_id) where t.task_id = $1)
       select distinct message->'params'->>'worker_id' as worker_id
         from mine, jsonb_array_elements(mine.messages) as message
        where mine.thread_id <> $2 and message->'params'->>'worker_id' is not null and not exists (
          select 1 from mine as deletion
           where deletion.step = 'delete' and (deletion.result->'message'->>'success')::boolean
             and deletion.messages->0->'message'->>'worker_id' = message->'params'->>'worker_id')
        order by 1`,
      [taskId, threadId],
    );
    return rows.map((row) => row.worker_id as string);
  }
}

/** Has the waits of cancelled flows end, each as late as its `cancel_after_ms` allows. */
async function bringForward(db: Pick<Transaction, 'query'>, threadIds: readonly string[]): Promise<void> {
  await db.query(
    `update langgraph.waits w
        set deadline_at = least(w.deadline_at, now() + w.cancel_after_ms * interval '1 millisecond'),
            deadline_result = $2::jsonb,
            result = case when w.cancel_after_ms = 0 then $2::jsonb end,
            answered_at = case when w.cancel_after_ms = 0 then now() end
       from langgraph.threads t
      where t.thread_id = w.thread_id and t.thread_id = any($1) and t.cancel_requested
        and w.result is null and w.cancel_after_ms is not null and w.deadline_result <> $2::jsonb`,
    [threadIds, JSON.stringify({ kind: 'cancelled' })],
  );
}

type Limit = Pick<NewWait, 'silence' | 'deadlineMs'>;

function timedOut({ silence, deadlineMs }: Limit, reason: 'timeout' | 'no_worker'): FailedWait {
  return { kind: 'failed', reason, error: `${silence} within ${inWords(deadlineMs)}` };
}

/** What becomes of the deadline when the worker has started. */
function beginning(wait: Limit, { requestId: request_id }: { requestId: string }) {
  return { request_id, deadline_ms: wait.deadlineMs, deadline_result: timedOut(wait, 'timeout') };
}

function inWords(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= 2 * size) ?? [1000, 's'];
  return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}

const UNITS = [
  [86_400_000, 'days'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;
