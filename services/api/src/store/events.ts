import { isTerminalEvent, type ProgressEvent, type TaskEvent } from '@codegen/contracts';
import { storable } from '@codegen/contracts/storable';
import type { Kysely, Transaction } from 'kysely';
import type { Database } from '../database/schema.js';
import { iso } from './timestamps.js';

interface Entry {
  readonly entry_id: string;
  readonly event: ProgressEvent;
}

/**
 * Adds events to their tasks' histories, in the order given: without gaps in `seq`, once per stream entry, and with
 * one end per task and request. Events of no known task are passed over: there is no history to put them in.
 */
export async function recordEvents(
  trx: Transaction<Database>,
  given: readonly Entry[],
): Promise<{ recorded: number; taskIds: string[] }> {
  const entries = storable(given);
  const byTask = new Map<string, Entry[]>();
  for (const entry of entries) {
    const taskId = entry.event.task_id;
    if (taskId) byTask.set(taskId, [...(byTask.get(taskId) ?? []), entry]);
  }
  const taskIds: string[] = [];
  let recorded = 0;
  // Sorted, so that two batches lock their tasks in the same order.
  for (const taskId of [...byTask.keys()].sort()) {
    const added = await recordForTask(trx, taskId, byTask.get(taskId) ?? []);
    recorded += added;
    if (added > 0) taskIds.push(taskId);
  }
  return { recorded, taskIds };
}

async function recordForTask(trx: Transaction<Database>, taskId: string, entries: readonly Entry[]): Promise<number> {
  const task = await trx
    .selectFrom('tasks')
    .select('last_seq')
    .where('id', '=', taskId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!task) return 0;
  const fresh = await withoutKnown(trx, taskId, entries);
  if (fresh.length === 0) return 0;
  const rows = fresh.map(({ entry_id, event }, index) => ({
    task_id: taskId,
    seq: task.last_seq + index + 1,
    entry_id,
    request_id: event.request_id,
    type: event.type,
    event: JSON.stringify(event),
  }));
  await trx.insertInto('task_events').values(rows).execute();
  await trx
    .updateTable('tasks')
    .set({ last_seq: task.last_seq + rows.length })
    .where('id', '=', taskId)
    .execute();
  return rows.length;
}

/** The task's row is locked, so what is not known now stays unknown until the insert. */
async function withoutKnown(trx: Transaction<Database>, taskId: string, entries: readonly Entry[]): Promise<Entry[]> {
  const known = await trx
    .selectFrom('task_events')
    .select('entry_id')
    .where('task_id', '=', taskId)
    .where(
      'entry_id',
      'in',
      entries.map((entry) => entry.entry_id),
    )
    .execute();
  const ends = await trx
    .selectFrom('task_events')
    .select('request_id')
    .where('task_id', '=', taskId)
    .where('type', 'in', ['completed', 'failed'])
    .execute();
  const seen = new Set(known.map((row) => row.entry_id));
  const ended = new Set(ends.map((row) => row.request_id));
  return entries.filter(({ entry_id, event }) => {
    if (seen.has(entry_id) || (isTerminalEvent(event) && ended.has(event.request_id))) return false;
    seen.add(entry_id);
    if (isTerminalEvent(event)) ended.add(event.request_id);
    return true;
  });
}

/** A task's events after `since`, oldest first. */
export async function listEvents(
  db: Kysely<Database>,
  taskId: string,
  since: number,
  limit: number,
): Promise<TaskEvent[]> {
  const rows = await db
    .selectFrom('task_events')
    .select(['seq', 'event', 'recorded_at'])
    .where('task_id', '=', taskId)
    .where('seq', '>', since)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ event, seq, recorded_at }) => ({
    ...(event as unknown as ProgressEvent),
    seq,
    recorded_at: iso(recorded_at),
  }));
}

/** Whether the end of that run of a task has been told. */
export async function hasEnd(db: Kysely<Database>, taskId: string, requestId: string): Promise<boolean> {
  const row = await db
    .selectFrom('task_events')
    .select('seq')
    .where('task_id', '=', taskId)
    .where('request_id', '=', requestId)
    .where('type', 'in', ['completed', 'failed'])
    .executeTakeFirst();
  return row !== undefined;
}
