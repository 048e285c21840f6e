import { z } from 'zod';
import { apiDatetime, wireDatetime } from '../datetime.js';
import { progressEvent } from '../events.js';
import { deployMessage } from '../queues/deploy.js';
import { engineeringMessage } from '../queues/engineering.js';
import { usage } from '../queues/worker-io.js';
import { pageQuery } from './problem.js';

/** A spec may be this many bytes of UTF-8. */
export const MAX_SPEC_BYTES = 1024 * 1024;

export const taskType = z
  .enum(['engineering', 'deploy'])
  .describe('engineering: from a spec to a tested commit on main; deploy: from main to a URL');
export type TaskType = z.infer<typeof taskType>;

export const taskStatus = z
  .enum(['queued', 'running', 'completed', 'failed', 'cancelled'])
  .describe('queued → running → completed, failed or cancelled');
export type TaskStatus = z.infer<typeof taskStatus>;

/** The reason of a running task that waits for a machine that is at fault, such as one with a full disk. */
export const WAITING_SYSTEM = 'waiting_system';

/** What a flow waits for and nobody announces: `type` names it among the API's conditions, the rest says what exactly. */
export const condition = z
  .looseObject({
    type: z.string().min(1).max(100).describe('Its name among the conditions of the API, such as secrets'),
  })
  .describe('What a flow waits for and nobody announces; the fields beside type say what exactly.');
export type Condition = z.infer<typeof condition>;

/** What a running task waits for, as people are told. */
export const taskWait = z
  .object({
    type: z.string().describe('Which condition it is, such as secrets'),
    on: z
      .enum(['person', 'system'])
      .describe('person: somebody has to see to it; system: a machine is at fault, and the task goes on by itself'),
    why: z.string().describe('A sentence for a person: what it waits for'),
    missing: z.array(z.string()).optional().describe('Names of what is missing'),
    next: z
      .object({ command: z.string().describe('To be pasted'), when: z.string().describe('What it is good for') })
      .nullable()
      .describe('What to do about it; null where it goes on by itself'),
  })
  .describe('What a running task waits for.');
export type TaskWait = z.infer<typeof taskWait>;

export const task = z
  .object({
    id: z.string().describe('Id of the task, task_…'),
    project_id: z.string().describe('The project that it is for'),
    type: taskType,
    status: taskStatus,
    reason: z
      .string()
      .nullable()
      .describe('Machine-readable: why it waits (waiting_…; see waits_for) or failed (timeout, oom, …)'),
    waits_for: taskWait
      .nullable()
      .optional()
      .describe(
        'What it waits for, looked up now; null where nothing is missing. Left out where a task is made or changed',
      ),
    spec: z.string().nullable().optional().describe('What is wanted, verbatim; engineering only, left out of lists'),
    result: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('EngineeringResult or DeployResult, once it has ended'),
    error: z.string().nullable().describe('What went wrong, or what it waits for, for a person'),
    attempt: z.int().describe('Tries in all: one more for each retry and each worker that was replaced'),
    epoch: z.int().describe('Fence: rises with every claim and every replaced worker'),
    cancel_requested: z.boolean().describe('Somebody asked for its end; it is cancelled at the next step'),
    request_id: z.string().describe('Of the queue message that starts it'),
    correlation_id: z.string().describe('Of the call that made it; in every message and log line of the task'),
    created_at: apiDatetime('When it was made'),
    updated_at: apiDatetime('When it last changed'),
    started_at: apiDatetime('When it was claimed').nullable().describe('When it was claimed; null before'),
    finished_at: apiDatetime('When it ended').nullable().describe('When it ended; null before'),
  })
  .describe('The row that follows asynchronous work.');
export type Task = z.infer<typeof task>;

/** The queue message of a task, stored with it and published verbatim by whoever comes first. */
export const taskMessage = z
  .union([engineeringMessage, deployMessage])
  .describe('The queue message of a task, stored with it and published verbatim by whoever comes first.');

const stream = z.string().describe('The stream that the message goes to');

export const createTask = z
  .object({
    project: z.string().describe('The project: its id or name'),
    type: taskType,
    spec: z.string().nullish().describe('What is wanted, 1 MiB at most; engineering only'),
    correlation_id: z.string().max(200).optional().describe('One id for all that comes of it; made where left out'),
    callback_stream: z
      .string()
      .max(200)
      .nullish()
      .describe('Stream that progress events go to: task_progress:<your user id>, or that with :NAME behind it'),
    anyway: z.boolean().optional().describe('Deploy although nothing that was asked for has been built yet'),
    dry_run: z.boolean().optional().describe('Check everything, store nothing'),
  })
  .describe('Makes a task.');
export type CreateTask = z.input<typeof createTask>;

/** A new task with the stream and the exact message that starts it. */
export const createdTask = z
  .object({
    task,
    stream,
    message: taskMessage,
    commit_sha: z.string().nullish().describe('Deploy only: the commit that main is at'),
    warnings: z.array(z.string()).optional().describe('What a person should know of it all the same'),
    replayed: z.boolean().optional().describe('An earlier call with the same Idempotency-Key started it'),
  })
  .describe('A new task with the stream and the exact message that starts it.');
export type CreatedTask = z.infer<typeof createdTask>;

export const listTasksQuery = pageQuery
  .extend({
    project: z.string().optional().describe('Only of this project: its id or name'),
    type: taskType.optional().describe('Only of this type'),
    status: taskStatus.optional().describe('Only in this status'),
    correlation_id: z.string().max(200).optional().describe('Only those that came of this call'),
  })
  .describe('Which tasks to list.');
export type ListTasksQuery = z.input<typeof listTasksQuery>;

export const claimTask = z
  .object({ request_id: z.string().describe('Of the queue message; a running task is given to its own again') })
  .describe('Takes a queued task: queued to running, epoch + 1.');
/** `cancelled`: the task was to be cancelled and now is; there is nothing to run. */
export const claimedTask = z
  .object({
    outcome: z
      .enum(['claimed', 'resumed', 'cancelled'])
      .describe('claimed: run it; resumed: the same request had it already; cancelled: there is nothing to run'),
    task,
  })
  .describe('What became of a claim.');
export type ClaimedTask = z.infer<typeof claimedTask>;

/** Reason of a task that an administrator ended. */
export const FAILED_BY_ADMIN = 'failed_by_admin';

export const failTask = z
  .object({ reason: z.string().trim().min(1).max(2000).describe('Why, for whoever watches the task') })
  .describe('Ends a task that is stuck: it fails at once, whoever works on it.');
export type FailTask = z.infer<typeof failTask>;

/** Ends a task, or notes why it waits; refused with STALE_EPOCH unless `epoch` is the task's own. */
export const transitionTask = z
  .object({
    epoch: z.int().describe("Refused with STALE_EPOCH unless it is the task's own"),
    status: taskStatus
      .exclude(['queued'])
      .describe('running: only the reason and the error change; any other ends the task'),
    reason: z.string().max(100).nullish().describe('Machine-readable: why it waits or failed'),
    condition: condition
      .optional()
      .describe('running: what it waits for from now on, in place of a reason; noted unless it is fulfilled already'),
    result: z.record(z.string(), z.unknown()).nullish().describe('EngineeringResult or DeployResult'),
    error: z.string().nullish().describe('What went wrong, for a person'),
  })
  .describe('Ends a task, or notes why it waits.');
export type TransitionTask = z.infer<typeof transitionTask>;

/** One try of a worker at a task. */
export const attempt = z
  .object({
    task_id: z.string().describe('The task'),
    epoch: z.int().describe("The task's epoch during this attempt"),
    worker_id: z.string().nullable().describe('The worker; null before there is one'),
    request_id: z.string().nullable().describe("Of the worker's create command or turn"),
    started_at: apiDatetime('When it began'),
    finished_at: apiDatetime('When it ended').nullable().describe('When it ended; null before'),
    exit_code: z.int().nullable().describe('The exit code of the agent'),
    usage: usage.nullable().describe('What it cost, as far as the agent tells'),
    result: z.record(z.string(), z.unknown()).nullable().describe("The worker's own result"),
    opened_by: z.string().optional().describe("The task's request_id for a claim; another where a worker was replaced"),
  })
  .describe('One try of a worker at a task.');
export type Attempt = z.infer<typeof attempt>;

/** Raises the epoch because a worker was lost; the same request_id gets the same epoch again. */
export const nextAttempt = z
  .object({
    epoch: z.int().describe('The epoch that ends'),
    request_id: z.string().describe('The same one gets the same epoch again'),
  })
  .describe('Raises the epoch because a worker was lost.');

/** What is known of an attempt; fields left out stay as they are. */
export const attemptReport = z
  .object({
    worker_id: z.string().optional().describe('The worker'),
    request_id: z.string().optional().describe("Of the worker's create command or turn"),
    finished_at: wireDatetime.optional().describe('When it ended. ISO 8601; UTC without a zone'),
    exit_code: z.int().nullish().describe('The exit code of the agent'),
    usage: usage.nullish().describe('What it cost, as far as the agent tells'),
    result: z.record(z.string(), z.unknown()).nullish().describe("The worker's own result"),
  })
  .describe('What is known of an attempt; fields left out stay as they are.');
export type AttemptReport = z.infer<typeof attemptReport>;

/** A progress event with its place in the task's history. */
export const taskEvent = progressEvent
  .extend({
    seq: z.int().describe("Its place in the task's history: 1, 2, 3, …"),
    recorded_at: apiDatetime('When it was stored, by the clock of the database')
      .optional()
      .describe('When it was stored, by the clock of the database'),
  })
  .describe("A progress event with its place in the task's history.");
export type TaskEvent = z.infer<typeof taskEvent>;

export const taskEventsQuery = z
  .object({
    since: z.coerce.number().int().min(0).default(0).describe('Only events after this seq'),
    wait_ms: z.coerce.number().int().min(0).max(30_000).default(0).describe('Wait this long for the first one'),
    limit: z.coerce.number().int().min(1).max(1000).default(200).describe('Events of a page'),
  })
  .describe("Which of a task's events to list, and how long to wait for one.");
export const taskEventPage = z
  .object({
    items: z.array(taskEvent).describe('The events, oldest first'),
    last_seq: z.int().describe('What to pass as since next'),
    task,
  })
  .describe("A page of a task's history, with the task as it is now.");
export type TaskEventPage = z.infer<typeof taskEventPage>;

/** Events for the API to keep, unique by the id of their stream entry. */
export const recordEvents = z
  .object({
    events: z
      .array(
        z.object({
          entry_id: z.string().describe('Id of the stream entry; each is stored once'),
          event: progressEvent,
        }),
      )
      .max(1000)
      .describe('The events, in the order of their entries'),
  })
  .describe('Events for the API to keep, unique by the id of their stream entry.');
export type RecordEvents = z.input<typeof recordEvents>;

/** A message that waits to be published. */
export const outboxEntry = z
  .object({
    task_id: z.string().describe('The task that the message starts'),
    stream,
    message: taskMessage,
  })
  .describe('A message that waits to be published.');
export type OutboxEntry = z.infer<typeof outboxEntry>;
