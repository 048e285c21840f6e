import type { CreatedTask, DeployMessage, EngineeringMessage, OutboxEntry } from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Database } from '../database/schema.js';
import { streamOf, toCreatedTask } from './tasks.js';

type OutboxRow = Pick<Selectable<Database['tasks']>, 'id' | 'type' | 'message'>;

/** Nothing of the task's project and type runs or comes before it; one that is to be cancelled waits for nobody. */
const hasItsTurn = sql<boolean>`(task.cancel_requested or not exists (
  select 1 from tasks as ahead
   where ahead.project_id = task.project_id and ahead.type = task.type
     and (ahead.status = 'running'
       or (ahead.status = 'queued' and not ahead.cancel_requested
         and (ahead.queued_at, ahead.id) < (task.queued_at, task.id)))))`;

/**
 * The messages that wait to be published: those their creator did not publish within a second, those whose task is
 * still unclaimed 30 s, 60 s, 120 s … after the last time, those whose turn has just come, and those of running tasks
 * whose flow is to look at what became of them. A task behind another of its project and type is left out; it comes when
 * the one before it ends.
 */
export async function listOutbox(db: Kysely<Database>, limit: number): Promise<OutboxEntry[]> {
  const rows = await db
    .selectFrom('tasks as task')
    .select(['task.id', 'task.type', 'task.message'])
    .where('task.publish_after', '<=', sql<Date>`now()`)
    .where(sql<boolean>`(task.status <> 'queued' or ${hasItsTurn})`)
    .orderBy('task.publish_after')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/**
 * The messages that were published and that nobody is known to have acted on: of queued tasks whose turn it is, and of
 * running ones whose run has no event yet (the process that claimed them may have died). By task id, after the given one.
 */
export async function listUnstarted(
  db: Kysely<Database>,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<OutboxEntry[]> {
  const rows = await db
    .selectFrom('tasks as task')
    .select(['task.id', 'task.type', 'task.message'])
    .where('task.id', '>', after)
    .where(
      sql<boolean>`((task.status = 'queued' and task.published_at is not null and ${hasItsTurn})
        or (task.status = 'running' and not exists (
          select 1 from task_events as event
           where event.task_id = task.id and event.request_id = task.request_id)))`,
    )
    .orderBy('task.id')
    .limit(limit)
    .execute();
  return rows.map(toEntry);
}

/** Tasks that ended a while ago, but within a day, and whose end is in no event: it was lost on its way. */
export async function listUntold(
  db: Kysely<Database>,
  { older_than_ms, limit }: { older_than_ms: number; limit: number },
): Promise<CreatedTask[]> {
  const rows = await db
    .selectFrom('tasks as task')
    .selectAll()
    .where('task.status', 'in', ['completed', 'failed', 'cancelled'])
    .where('task.finished_at', '>', sql<Date>`now() - interval '1 day'`)
    .where('task.finished_at', '<=', sql<Date>`now() - ${older_than_ms}::int * interval '1 millisecond'`)
    .where(
      sql<boolean>`not exists (
        select 1 from task_events as event
         where event.task_id = task.id and event.request_id = task.request_id and event.type in ('completed', 'failed'))`,
    )
    .orderBy('task.finished_at')
    .limit(limit)
    .execute();
  return rows.map(toCreatedTask);
}

function toEntry({ id, type, message }: OutboxRow): OutboxEntry {
  return {
    task_id: id,
    stream: streamOf(type),
    message: JSON.parse(message) as EngineeringMessage | DeployMessage,
  };
}

/** Notes that a task's message was published; one of an earlier attempt needs no note. */
export async function notePublished(trx: Transaction<Database>, id: string, requestId: string): Promise<void> {
  await trx
    .updateTable('tasks')
    .set({
      published_at: sql<Date>`now()`,
      publish_count: sql<number>`publish_count + 1`,
      // While nobody has claimed it. The old count is the exponent: 30 s after the first time, at most 32 min.
      publish_after: sql<Date>`case when status = 'queued' then now() + interval '30 seconds' * power(2, least(publish_count, 6)) end`,
    })
    .where('id', '=', id)
    .where('request_id', '=', requestId)
    .where('publish_after', 'is not', null)
    .execute();
}
