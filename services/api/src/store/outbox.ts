import type { DeployMessage, EngineeringMessage, OutboxEntry } from '@codegen/contracts';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from '../database/schema.js';
import { streamOf } from './tasks.js';

/**
 * The messages that wait to be published: those their creator did not publish within a second, those whose task is
 * still unclaimed 30 s, 60 s, 120 s … after the last time, and those whose turn has just come. A task behind another
 * of its project and type is left out; it comes when the one before it ends.
 */
export async function listOutbox(db: Kysely<Database>, limit: number): Promise<OutboxEntry[]> {
  const rows = await db
    .selectFrom('tasks as task')
    .select(['task.id', 'task.type', 'task.message'])
    .where('task.status', '=', 'queued')
    .where('task.publish_after', '<=', sql<Date>`now()`)
    .where((where) =>
      where.or([
        where('task.cancel_requested', '=', true),
        where.not(
          where.exists(
            where
              .selectFrom('tasks as ahead')
              .select('ahead.id')
              .whereRef('ahead.project_id', '=', 'task.project_id')
              .whereRef('ahead.type', '=', 'task.type')
              .where((inner) =>
                inner.or([
                  inner('ahead.status', '=', 'running'),
                  inner.and([
                    inner('ahead.status', '=', 'queued'),
                    inner('ahead.cancel_requested', '=', false),
                    sql<boolean>`(ahead.queued_at, ahead.id) < (task.queued_at, task.id)`,
                  ]),
                ]),
              ),
          ),
        ),
      ]),
    )
    .orderBy('task.publish_after')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    task_id: row.id,
    stream: streamOf(row.type),
    message: JSON.parse(row.message) as EngineeringMessage | DeployMessage,
  }));
}

/** Notes that a task's message was published; one of an earlier attempt, or of a task that started, needs no note. */
export async function notePublished(trx: Transaction<Database>, id: string, requestId: string): Promise<void> {
  await trx
    .updateTable('tasks')
    .set({
      published_at: sql<Date>`now()`,
      publish_count: sql<number>`publish_count + 1`,
      // The old count is the exponent: 30 s after the first time, at most 32 min.
      publish_after: sql<Date>`now() + interval '30 seconds' * power(2, least(publish_count, 6))`,
    })
    .where('id', '=', id)
    .where('request_id', '=', requestId)
    .where('status', '=', 'queued')
    .execute();
}
