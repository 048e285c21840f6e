import { isDeepStrictEqual } from 'node:util';
import type {
  Attempt,
  AttemptReport,
  ClaimedTask,
  Condition,
  TaskType,
  TransitionTask,
  Usage,
} from '@codegen/contracts';
import { FAILED_BY_ADMIN, type ProjectStatus, progressEvent, wireDatetimeToMs, wireNow } from '@codegen/contracts';
import { storable } from '@codegen/contracts/storable';
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import { ApiError } from '../api-error.js';
import type { Caller } from '../auth.js';
import { type ConditionKinds, waitOf } from '../conditions.js';
import type { Database } from '../database/schema.js';
import { recordEvents } from './events.js';
import { jsonOrNull } from './json.js';
import { lockTask, publishNextOf, publishNow, type TaskRow, toTask, update } from './tasks.js';
import { iso, isoOrNull } from './timestamps.js';

// A task: queued → running (claim, epoch + 1) → completed | failed | cancelled (transition, with that epoch);
// failed | cancelled → queued (retry). A queued task whose cancelling was asked for goes to cancelled when claimed.
// While it runs, its epoch rises when a lost worker is replaced; whoever holds an older one is refused. An administrator
// may fail it from outside, which raises the epoch too.

/** Starts a task for the holder of its message: once, in order, and one at a time per project and type. */
export async function claimTask(
  trx: Transaction<Database>,
  caller: Caller,
  id: string,
  requestId: string,
): Promise<ClaimedTask> {
  const task = await lockTask(trx, caller, id);
  if (task.request_id !== requestId) throw notClaimable(task, 'was retried: this message is of an earlier attempt');
  if (task.status === 'running') return { outcome: 'resumed', task: toTask(task, { withSpec: true }) };
  if (task.status !== 'queued') throw notClaimable(task, `is ${task.status}`);
  if (task.cancel_requested) {
    const cancelled = await end(trx, task, { status: 'cancelled', reason: 'cancelled' });
    return { outcome: 'cancelled', task: toTask(cancelled, { withSpec: true }) };
  }
  await requireTurn(trx, task);
  const epoch = task.epoch + 1;
  const started = await update(trx, id, {
    status: 'running',
    epoch,
    started_at: sql<Date>`now()`,
    publish_after: null,
  });
  await trx
    .insertInto('attempts')
    .values(newAttempt(id, epoch, requestId))
    .execute();
  return { outcome: 'claimed', task: toTask(started, { withSpec: true }) };
}

function notClaimable(task: TaskRow, why: string): ApiError {
  return new ApiError('NOT_CLAIMABLE', `task ${task.id} ${why}: acknowledge the message and do nothing`);
}

/** The project's lock is held, so no other task of it can start meanwhile; the partial unique index stands behind this. */
async function requireTurn(trx: Transaction<Database>, task: TaskRow): Promise<void> {
  const ahead = await trx
    .selectFrom('tasks')
    .select(['id', 'status'])
    .where('project_id', '=', task.project_id)
    .where('type', '=', task.type)
    .where('id', '<>', task.id)
    .where((where) =>
      where.or([
        where('status', '=', 'running'),
        where.and([
          where('status', '=', 'queued'),
          where('cancel_requested', '=', false),
          // Compared in the database: a Date here would cut the microseconds that keep the order.
          sql<boolean>`(queued_at, id) < (select queued_at, id from tasks where id = ${task.id})`,
        ]),
      ]),
    )
    .orderBy('status', 'desc')
    .orderBy('queued_at')
    .limit(1)
    .executeTakeFirst();
  if (!ahead) return;
  throw new ApiError('PROJECT_BUSY', `task ${ahead.id} of the same project is ${ahead.status}: it comes first`);
}

/** Ends a running task, or notes why it waits. Only with the task's own epoch; the same end again changes nothing. */
export async function transitionTask(
  trx: Transaction<Database>,
  kinds: ConditionKinds,
  caller: Caller,
  id: string,
  input: TransitionTask,
): Promise<{ changed: boolean; row: TaskRow }> {
  const task = await lockTask(trx, caller, id);
  requireEpoch(task, input.epoch);
  if (task.status !== 'running') {
    if (task.status === input.status) return { changed: false, row: task };
    throw new ApiError('TASK_ENDED', `the task is ${task.status} already and stays so`);
  }
  const reason = storable(input.reason ?? null);
  if (input.status === 'running') {
    const error = storable(input.error ?? null);
    const noted = input.condition
      ? await noteCondition(trx, kinds, task, storable(input.condition))
      : { reason, error, condition: null };
    const now = { reason: task.reason, error: task.error, condition: task.condition };
    if (isDeepStrictEqual(now, noted)) return { changed: false, row: task };
    return { changed: true, row: await update(trx, id, { ...noted, condition: jsonOrNull(noted.condition) }) };
  }
  const { status } = input;
  return { changed: true, row: await end(trx, task, { status, reason, result: input.result, error: input.error }) };
}

/** What the row of a task says that is to wait; of a condition that is fulfilled already, nothing. */
async function noteCondition(
  trx: Transaction<Database>,
  kinds: ConditionKinds,
  task: TaskRow,
  condition: Condition,
): Promise<Pick<TaskRow, 'reason' | 'error' | 'condition'>> {
  const known = Object.keys(kinds);
  const kind = known.includes(condition.type) ? kinds[condition.type] : undefined;
  if (!kind) {
    const detail = `condition.type: this API looks up no ${condition.type}, but ${known.join(', ')}`;
    throw new ApiError('VALIDATION_FAILED', detail, { choices: known });
  }
  const waiting = { reason: kind.reason, error: null, condition };
  const isOpen = (await waitOf(trx, kinds, { ...task, ...waiting })) !== null;
  return isOpen ? waiting : { reason: null, error: null, condition: null };
}

/**
 * Ends a task from outside, for an administrator. Its epoch rises, so whatever still works on it is refused from now on.
 * The event that says so is written here, as nobody may be left who could report it.
 */
export async function failTask(
  trx: Transaction<Database>,
  caller: Caller,
  id: string,
  { reason }: { reason: string },
): Promise<TaskRow> {
  const task = await lockTask(trx, caller, id);
  if (task.status !== 'queued' && task.status !== 'running') {
    throw new ApiError('TASK_ENDED', `the task is ${task.status} already: there is nothing to end`);
  }
  const error = `ended by ${caller.user.name ?? caller.user.id} with the key ${caller.key.name}: ${reason}`;
  await end(trx, task, { status: 'failed', reason: FAILED_BY_ADMIN, error });
  await leaveProject(trx, task);
  const { request_id } = task;
  const event = progressEvent.parse({
    ...{ type: 'failed', request_id, task_id: id, timestamp: wireNow() },
    ...{ message: 'an administrator ended it', error, error_type: FAILED_BY_ADMIN },
  });
  await recordEvents(trx, [{ entry_id: `${FAILED_BY_ADMIN}:${request_id}`, event }]);
  return update(trx, id, { epoch: task.epoch + 1, ...(task.status === 'running' && publishNow) });
}

const statusWhile: Readonly<Record<TaskType, readonly ProjectStatus[]>> = {
  engineering: ['developing', 'testing'],
  deploy: ['deploying'],
};

/** Nobody may be left to say what the project is after its task: what runs at its URL still does. */
async function leaveProject(trx: Transaction<Database>, task: TaskRow): Promise<void> {
  const { project_id } = task;
  const deployed = await trx
    .selectFrom('deployments')
    .select('id')
    .where('project_id', '=', project_id)
    .limit(1)
    .executeTakeFirst();
  await trx
    .updateTable('projects')
    .set({ status: deployed ? 'active' : 'failed', updated_at: sql<Date>`now()` })
    .where('id', '=', project_id)
    .where('status', 'in', [...statusWhile[task.type]])
    .execute();
}

/** A task that waits in line has no epoch yet: what comes with one belongs to an attempt before. */
function requireEpoch(task: TaskRow, epoch: number): void {
  if (task.status !== 'queued' && task.epoch === epoch) return;
  const now = task.status === 'queued' ? 'the task waits to be claimed again' : `the task is at epoch ${task.epoch}`;
  throw new ApiError('STALE_EPOCH', `epoch ${epoch} has ended; ${now}: stop this attempt and drop its result`);
}

async function end(
  trx: Transaction<Database>,
  task: TaskRow,
  outcome: {
    status: 'completed' | 'failed' | 'cancelled';
    reason: string | null;
    result?: Record<string, unknown> | null | undefined;
    error?: string | null | undefined;
  },
): Promise<TaskRow> {
  const row = await update(trx, task.id, {
    status: outcome.status,
    reason: outcome.reason,
    condition: null,
    result: jsonOrNull(outcome.result),
    error: storable(outcome.error ?? null),
    finished_at: sql<Date>`now()`,
    publish_after: null,
  });
  await finishAttempt(trx, task);
  await publishNextOf(trx, task);
  return row;
}

async function finishAttempt(trx: Transaction<Database>, task: TaskRow): Promise<void> {
  await trx
    .updateTable('attempts')
    .set({ finished_at: sql<Date>`coalesce(finished_at, now())` })
    .where('task_id', '=', task.id)
    .where('epoch', '=', task.epoch)
    .execute();
}

/** Raises the epoch because a worker was lost; the same request gets the same epoch again. */
export async function nextAttempt(
  trx: Transaction<Database>,
  caller: Caller,
  id: string,
  input: { epoch: number; request_id: string },
): Promise<{ epoch: number; row: TaskRow }> {
  const task = await lockTask(trx, caller, id);
  const served = await trx
    .selectFrom('attempts')
    .select('epoch')
    .where('task_id', '=', id)
    .where('opened_by', '=', input.request_id)
    .where('epoch', '>', input.epoch)
    .orderBy('epoch')
    .executeTakeFirst();
  if (served) return { epoch: served.epoch, row: task };
  requireEpoch(task, input.epoch);
  if (task.status !== 'running') throw new ApiError('TASK_ENDED', `the task is ${task.status}: it needs no attempt`);
  await finishAttempt(trx, task);
  const epoch = task.epoch + 1;
  const row = await update(trx, id, { epoch, attempt: task.attempt + 1 });
  await trx
    .insertInto('attempts')
    .values(newAttempt(id, epoch, input.request_id))
    .execute();
  return { epoch, row };
}

function newAttempt(taskId: string, epoch: number, openedBy: string) {
  return {
    ...{ task_id: taskId, epoch, opened_by: openedBy },
    ...{ worker_id: null, request_id: null, exit_code: null, usage: null, result: null },
  };
}

/** A task's attempts, first to last. */
export async function listAttempts(db: Kysely<Database>, taskId: string): Promise<Attempt[]> {
  const rows = await db.selectFrom('attempts').selectAll().where('task_id', '=', taskId).orderBy('epoch').execute();
  return rows.map(toAttempt);
}

/** Adds what is known of an attempt; fields left out stay. */
export async function reportAttempt(
  trx: Transaction<Database>,
  taskId: string,
  epoch: number,
  report: AttemptReport,
): Promise<Attempt> {
  const { worker_id, request_id, finished_at, exit_code, usage, result } = report;
  const row = await trx
    .updateTable('attempts')
    .set({
      epoch,
      ...(worker_id !== undefined && { worker_id }),
      ...(request_id !== undefined && { request_id }),
      ...(finished_at !== undefined && { finished_at: new Date(wireDatetimeToMs(finished_at) ?? Number.NaN) }),
      ...(exit_code !== undefined && { exit_code }),
      ...(usage !== undefined && { usage: jsonOrNull(usage) }),
      ...(result !== undefined && { result: jsonOrNull(result) }),
    })
    .where('task_id', '=', taskId)
    .where('epoch', '=', epoch)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new ApiError('NOT_FOUND', `task ${taskId} has no attempt with epoch ${epoch}`);
  return toAttempt(row);
}

function toAttempt(row: Selectable<Database['attempts']>): Attempt {
  return {
    task_id: row.task_id,
    epoch: row.epoch,
    worker_id: row.worker_id,
    request_id: row.request_id,
    started_at: iso(row.started_at),
    finished_at: isoOrNull(row.finished_at),
    exit_code: row.exit_code,
    usage: row.usage as Usage | null,
    result: row.result,
    opened_by: row.opened_by,
  };
}
