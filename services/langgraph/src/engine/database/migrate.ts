import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import type { Pool } from 'pg';
import { isAway, pauseFor } from '../backoff.js';
import { type DatabasePool, inTransaction } from './pool.js';

/** The schema that holds everything of this service, LangGraph's own tables included. */
export const SCHEMA = 'langgraph';

// A step's place in the list is its version. Never change one that was released: add another.
const steps: readonly string[] = [
  `create table langgraph.threads (
     thread_id text primary key,
     kind text not null,
     task_id text not null,
     input jsonb not null,
     state text not null default 'ready' check (state in ('ready', 'waiting', 'done')),
     driver text,
     lease_until timestamptz,
     next_try_at timestamptz not null default now(),
     failures int not null default 0,
     errors int not null default 0,
     created_at timestamptz not null default now(),
     finished_at timestamptz
   );
   create index threads_unfinished on langgraph.threads (next_try_at) where state <> 'done';
   create index threads_by_task on langgraph.threads (task_id) where state <> 'done';
   create index threads_finished on langgraph.threads (finished_at) where state = 'done';
   create table langgraph.waits (
     request_id text primary key,
     thread_id text not null references langgraph.threads on delete cascade,
     step text not null,
     messages jsonb not null,
     condition jsonb,
     response_key text,
     entries jsonb,
     sends int not null default 0,
     check_every_ms int not null,
     next_check_at timestamptz not null,
     deadline_at timestamptz,
     deadline_result jsonb,
     cancel_after_ms int,
     result jsonb,
     created_at timestamptz not null default now(),
     answered_at timestamptz,
     resumed_at timestamptz
   );
   create index waits_unanswered on langgraph.waits (next_check_at) where result is null;
   create index waits_deadlines on langgraph.waits (deadline_at) where result is null and deadline_at is not null;
   create index waits_unresumed on langgraph.waits (thread_id) where result is not null and resumed_at is null;
   create index waits_by_thread on langgraph.waits (thread_id);
   create table langgraph.roles (name text primary key, holder text not null, lease_until timestamptz not null);`,
  // LangGraph orders checkpoints by ids that hold a process's time.
  `alter table langgraph.checkpoints add column write_order bigint generated always as identity;
   create index checkpoints_in_order on langgraph.checkpoints (thread_id, checkpoint_ns, write_order desc);`,
  // Every wait ends: those of an earlier version get an hour, the ones that wait for a person a week.
  `update langgraph.waits
      set deadline_at = coalesce(deadline_at, now() + case when condition is null then interval '1 hour' else interval '7 days' end),
          deadline_result = case when deadline_result->>'kind' = 'cancelled' then deadline_result
            else '{"kind":"failed","reason":"timeout","error":"nobody answered in time"}' end,
          cancel_after_ms = coalesce(cancel_after_ms, 5000)
    where result is null;
   update langgraph.waits set result = '{"kind":"failed","reason":"timeout","error":"nobody answered in time"}'
    where result->>'kind' = 'timeout' and resumed_at is null`,
  // The time of a turn begins with its worker.
  `alter table langgraph.waits add column begins jsonb;
   create index waits_beginning on langgraph.waits ((begins->>'request_id')) where begins is not null;`,
  // A request to cancel concerns the waits that a flow begins after it, too.
  'alter table langgraph.threads add column cancel_requested boolean not null default false',
];

/** Brings the schema up to date. Several replicas may do so at once. */
export async function migrate(pool: DatabasePool): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrateOnce(pool);
      return;
    } catch (error) {
      if (attempt >= 10 || !(isLostRace(error) || isAway(error))) throw error;
      await pauseFor(50 * attempt);
    }
  }
}

async function migrateOnce(pool: DatabasePool): Promise<void> {
  await pool.query(`create schema if not exists ${SCHEMA}`);
  await new PostgresSaver(pool as Pool, undefined, { schema: SCHEMA }).setup();
  await pool.query(`create table if not exists ${SCHEMA}.migrations (version int primary key)`);
  await inTransaction(pool, async (transaction) => {
    // Replicas that start together wait here for the first one.
    await transaction.query(`lock table ${SCHEMA}.migrations in exclusive mode`);
    const { rows } = await transaction.query(`select coalesce(max(version), 0) as version from ${SCHEMA}.migrations`);
    for (const [index, step] of steps.entries()) {
      if (index < Number(rows[0].version)) continue;
      await transaction.query(step);
      await transaction.query(`insert into ${SCHEMA}.migrations (version) values ($1)`, [index + 1]);
    }
  });
}

/** `if not exists` does not keep two sessions from creating the same thing at the same moment. */
function isLostRace(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && ['23505', '42P06', '42P07', '42710', '40P01', '42701'].includes(code);
}
