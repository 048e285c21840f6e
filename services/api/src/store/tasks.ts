import {
  type CreatedTask,
  type DeployMessage,
  deployQueue,
  type EngineeringMessage,
  engineeringQueue,
  makeId,
  type ProgressEvent,
  type Project,
  type Task,
  type TaskStatus,
  type TaskType,
  wireNow,
} from '@codegen/contracts';
import { type Kysely, type Selectable, sql, type Transaction, type UpdateObject } from 'kysely';
import { ApiError } from '../api-error.js';
import { type Caller, seesAll } from '../auth.js';
import { type ConditionKinds, waitOf } from '../conditions.js';
import type { Database } from '../database/schema.js';
import { recordEvents } from './events.js';
import { archived, lockProject } from './projects.js';
import { iso, isoOrNull } from './timestamps.js';

export type TaskRow = Selectable<Database['tasks']>;
type TaskMessage = EngineeringMessage | DeployMessage;

/** How long the creator may take to publish by itself before the relay does. */
const CREATOR_PUBLISHES_FIRST = sql<Date>`now() + interval '1 second'`;

const queueOf = { engineering: engineeringQueue, deploy: deployQueue } as const;

/** The stream that starts tasks of a type. */
export function streamOf(type: TaskType): string {
  return queueOf[type].stream;
}

/** The row as the API shows it. A spec may have a megabyte: it goes out only where one task is asked for. */
export function toTask(row: TaskRow, options: { withSpec?: boolean } = {}): Task {
  return {
    id: row.id,
    project_id: row.project_id,
    type: row.type,
    status: row.status,
    reason: row.reason,
    ...(options.withSpec && { spec: row.spec }),
    result: row.result,
    error: row.error,
    attempt: row.attempt,
    epoch: row.epoch,
    cancel_requested: row.cancel_requested,
    request_id: row.request_id,
    correlation_id: row.correlation_id,
    created_at: iso(row.created_at),
    updated_at: iso(row.updated_at),
    started_at: isoOrNull(row.started_at),
    finished_at: isoOrNull(row.finished_at),
  };
}

/** A task as `toTask` gives it, with what it waits for. */
export async function tellTask(
  db: Kysely<Database>,
  kinds: ConditionKinds,
  row: TaskRow,
  options?: { withSpec?: boolean },
): Promise<Task> {
  return { ...toTask(row, options), waits_for: await waitOf(db, kinds, row) };
}

/** A task with the message that starts it. */
export function toCreatedTask(row: TaskRow): CreatedTask {
  return { task: toTask(row), stream: streamOf(row.type), message: JSON.parse(row.message) as TaskMessage };
}

/** A queue message for a task, complete and ready to publish. */
export function makeMessage(
  type: TaskType,
  input: {
    task_id: string;
    project_id: string;
    user_id: number;
    correlation_id?: string | undefined;
    callback_stream?: string | null | undefined;
  },
): TaskMessage {
  const { correlation_id, ...rest } = input;
  return queueOf[type].message.parse({ ...rest, ...(correlation_id !== undefined && { correlation_id }) });
}

/** Stores a queued task with its message. */
export async function insertTask(
  trx: Transaction<Database>,
  input: { project_id: string; owner_id: string; type: TaskType; spec: string | null; message: TaskMessage },
): Promise<TaskRow> {
  const { message, ...rest } = input;
  return trx
    .insertInto('tasks')
    .values({
      ...rest,
      id: message.task_id,
      status: 'queued',
      request_id: message.request_id,
      correlation_id: message.correlation_id,
      message: JSON.stringify(message),
      publish_after: CREATOR_PUBLISHES_FIRST,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * What a deploy puts up: the commit that main is at, and how engineering stands where main may not hold its work.
 * @throws {ApiError} NOTHING_TO_DEPLOY where main has no commit, NOT_BUILT where engineering has failed so far, unless it is wanted `anyway`
 */
export async function aboutDeploy(
  db: Kysely<Database>,
  { id, name, main_sha }: Project,
  { anyway = false }: { anyway?: boolean | undefined },
): Promise<Pick<CreatedTask, 'commit_sha' | 'warnings'>> {
  const tasks = db.selectFrom('tasks').select(['id', 'status', 'reason']).where('project_id', '=', id);
  const engineering = tasks.where('type', '=', 'engineering').orderBy('id', 'desc').limit(1);
  const last = await engineering.executeTakeFirst();
  if (main_sha === null) throw nothingToDeploy(name, last);
  const about = { commit_sha: main_sha };
  if (!last || last.status === 'completed') return about;
  const built = await engineering.where('status', '=', 'completed').executeTakeFirst();
  const holds = built ? 'what was built before it' : 'only the template';
  const commit = `commit ${main_sha.slice(0, 12)} holds ${holds}`;
  const text = `${last.id} (engineering) ${howItStands(last)}: ${commit}`;
  if (isUnderWay(last) || built || anyway) return { ...about, warnings: [text] };
  const detail = `nothing that was asked for ${name} is built yet: ${text}; retry that task, or deploy the template with --anyway`;
  throw new ApiError('NOT_BUILT', detail, { choices: [last.id] });
}

/** Names the task that is to build something, where there is one. */
function nothingToDeploy(name: string, last: LastTask | undefined): ApiError {
  const none = `${name} has no code yet`;
  if (!last) return new ApiError('NOTHING_TO_DEPLOY', `${none}: start an engineering task first`);
  const todo = isUnderWay(last) ? 'wait for it, then deploy' : 'retry it first';
  const detail = `${none}: ${last.id} (engineering) ${howItStands(last)}; ${todo}`;
  return new ApiError('NOTHING_TO_DEPLOY', detail, { choices: [last.id] });
}

type LastTask = Pick<TaskRow, 'id' | 'status' | 'reason'>;

function isUnderWay({ status }: LastTask): boolean {
  return status === 'queued' || status === 'running';
}

function howItStands({ status, reason }: LastTask): string {
  if (status === 'queued' || status === 'running' || status === 'completed') return `is ${status}`;
  return status === 'cancelled' ? 'was cancelled' : `failed${reason ? ` (${reason})` : ''}`;
}

/** What a new task would look like; nothing is stored. */
export function previewTask(input: {
  project_id: string;
  type: TaskType;
  spec: string | null;
  message: TaskMessage;
}): CreatedTask {
  const now = new Date();
  const { message } = input;
  const row = {
    ...input,
    id: message.task_id,
    owner_id: '',
    status: 'queued' as const,
    message: JSON.stringify(message),
    request_id: message.request_id,
    correlation_id: message.correlation_id,
    ...{
      reason: null,
      condition: null,
      result: null,
      error: null,
      attempt: 1,
      epoch: 0,
      cancel_requested: false,
      last_seq: 0,
    },
    ...{ queued_at: now, created_at: now, updated_at: now, started_at: null, finished_at: null },
    ...{ published_at: null, publish_count: 0, publish_after: null },
  };
  return toCreatedTask(row);
}

/** A new task's id. */
export function makeTaskId(): string {
  return makeId('task');
}

/** The tasks that there are for the caller. */
function visible(db: Kysely<Database>, caller: Caller) {
  const query = db.selectFrom('tasks').selectAll().where('type', 'in', caller.taskTypes);
  return seesAll(caller) ? query : query.where('owner_id', '=', caller.user.id);
}

/** A task that the caller may see. @throws {ApiError} TASK_NOT_FOUND */
export async function findTask(db: Kysely<Database>, caller: Caller, id: string): Promise<TaskRow> {
  const query = visible(db, caller).where('id', '=', id);
  const row = await query.executeTakeFirst();
  if (!row) throw new ApiError('TASK_NOT_FOUND', `no task has the id ${id}; list yours to see what there is`);
  return row;
}

/** Locks a task for a change of its state, its project first: all such changes take turns, in one order. */
export async function lockTask(trx: Transaction<Database>, caller: Caller, id: string): Promise<TaskRow> {
  const { project_id } = await findTask(trx, caller, id);
  await lockProject(trx, project_id);
  return trx.selectFrom('tasks').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
}

/** The caller's tasks, newest first. */
export async function listTasks(
  db: Kysely<Database>,
  caller: Caller,
  query: {
    limit: number;
    cursor?: string | undefined;
    projectId?: string | undefined;
    type?: TaskType | undefined;
    status?: TaskStatus | undefined;
    correlation_id?: string | undefined;
  },
): Promise<TaskRow[]> {
  let select = visible(db, caller).orderBy('id', 'desc').limit(query.limit);
  if (query.cursor) select = select.where('id', '<', query.cursor);
  if (query.projectId) select = select.where('project_id', '=', query.projectId);
  if (query.type) select = select.where('type', '=', query.type);
  if (query.status) select = select.where('status', '=', query.status);
  if (query.correlation_id) select = select.where('correlation_id', '=', query.correlation_id);
  return select.execute();
}

/**
 * Asks for a task's end, and has that in its history: what comes of it stands behind. Its message is published at once, so
 * that its consumer hears of it; of one that waits in line, so is the next one's.
 */
export async function requestCancel(trx: Transaction<Database>, caller: Caller, id: string): Promise<TaskRow> {
  const task = await lockTask(trx, caller, id);
  if (task.status === 'cancelled' || task.cancel_requested) return task;
  if (task.status !== 'queued' && task.status !== 'running') {
    throw new ApiError('TASK_ENDED', `the task is ${task.status} already: there is nothing to cancel`);
  }
  await recordEvents(trx, [{ entry_id: `cancel:${task.request_id}`, event: cancelEvent(task, caller) }]);
  const row = await update(trx, id, { cancel_requested: true, ...publishNow });
  if (task.status === 'queued') await publishNextOf(trx, task);
  return row;
}

function cancelEvent({ id, request_id }: TaskRow, { user }: Caller): ProgressEvent {
  return {
    ...{ type: 'progress', request_id, task_id: id, timestamp: wireNow(), current_step: 'cancel' },
    message: `${user.name ?? user.id} asked for its end`,
    ...{ progress_pct: null, error: null, error_type: null },
  };
}

/** Puts a failed or cancelled task back in line, as its next attempt under a new request id. */
export async function retryTask(trx: Transaction<Database>, caller: Caller, id: string): Promise<TaskRow> {
  const task = await lockTask(trx, caller, id);
  if (task.status !== 'failed' && task.status !== 'cancelled') {
    throw new ApiError('CONFLICT', `the task is ${task.status}: only a failed or cancelled one can be retried`);
  }
  const project = await lockProject(trx, task.project_id);
  if (project.status === 'archived') throw archived(project);
  const before = JSON.parse(task.message) as TaskMessage;
  const message = makeMessage(task.type, {
    task_id: id,
    project_id: task.project_id,
    user_id: before.user_id,
    correlation_id: before.correlation_id,
    callback_stream: before.callback_stream,
  });
  return update(trx, id, {
    status: 'queued',
    attempt: task.attempt + 1,
    request_id: message.request_id,
    message: JSON.stringify(message),
    ...{ reason: null, result: null, error: null, cancel_requested: false, started_at: null, finished_at: null },
    ...{ published_at: null, publish_count: 0, publish_after: CREATOR_PUBLISHES_FIRST, queued_at: sql<Date>`now()` },
  });
}

/**
 * What a call that is repeated with its idempotency key is told of the task that the first one started: how it is now.
 * @throws {ApiError} TASK_ENDED where it failed or was cancelled: what failed is not run again, nor told as if it were new
 */
export async function replayTask(trx: Transaction<Database>, caller: Caller, id: string): Promise<CreatedTask> {
  const row = await findTask(trx, caller, id);
  const { status } = row;
  if (status === 'failed' || status === 'cancelled') {
    const detail = `this Idempotency-Key started ${id}, which ${howItStands(row)}: retry that task, or take a new key`;
    throw new ApiError('TASK_ENDED', detail, { choices: [id] });
  }
  return { ...toCreatedTask(row), replayed: true };
}

/** Has the relay publish a task's message: it starts the task, or tells its flow to look at what became of it. */
export const publishNow = { published_at: null, publish_count: 0, publish_after: sql<Date>`now()` };

/** Lets the relay publish the task that may run next in place of this one. */
export async function publishNextOf(
  trx: Transaction<Database>,
  task: Pick<TaskRow, 'project_id' | 'type'>,
): Promise<void> {
  const next = trx
    .selectFrom('tasks')
    .select('id')
    .where('project_id', '=', task.project_id)
    .where('type', '=', task.type)
    .where('status', '=', 'queued')
    .where('cancel_requested', '=', false)
    .orderBy('queued_at')
    .orderBy('id')
    .limit(1);
  await trx.updateTable('tasks').set(publishNow).where('id', '=', next).execute();
}

/** Has the flows of a project look whether they have what they wait for. */
export async function wakeWaiting(trx: Transaction<Database>, projectId: string): Promise<void> {
  await trx
    .updateTable('tasks')
    .set(publishNow)
    .where('project_id', '=', projectId)
    .where('status', '=', 'running')
    .where('reason', 'is not', null)
    .execute();
}

/** Changes a task's row. */
export async function update(
  trx: Transaction<Database>,
  id: string,
  set: UpdateObject<Database, 'tasks'>,
): Promise<TaskRow> {
  return trx
    .updateTable('tasks')
    .set({ ...set, updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
