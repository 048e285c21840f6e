import { z } from 'zod';
import { apiDatetime, wireDatetime } from '../datetime.js';
import { progressEvent } from '../events.js';
import { deployMessage } from '../queues/deploy.js';
import { engineeringMessage } from '../queues/engineering.js';
import { usage } from '../queues/worker-io.js';
import { pageQuery } from './problem.js';

/** Maximum bytes of a spec in UTF-8. */
export const MAX_SPEC_BYTES = 1024 * 1024;

export const taskType = z
  .enum(['engineering', 'deploy'])
  .describe('engineering: from a spec to a tested commit on main; deploy: from main to a URL');
export type TaskType = z.infer<typeof taskType>;

export const taskStatus = z
  .enum(['queued', 'running', 'completed', 'failed', 'cancelled'])
  .describe('queued → running → completed, failed or cancelled');
export type TaskStatus = z.infer<typeof taskStatus>;

/** Reason of a running task that waits because a machine is at fault, such as a full disk. */
export const WAITING_SYSTEM = 'waiting_system';

/** A condition that a flow waits for and that no event announces: `type` is its key in the API's registry. */
export const condition = z
  .looseObject({
    type: z.string().min(1).max(100).describe("Key in the API's registry of conditions, such as secrets"),
  })
  .describe('A condition that a flow waits for; fields beside type are its details.');
export type Condition = z.infer<typeof condition>;

/** What a running task waits for, for a person. */
export const taskWait = z
  .object({
    type: z.string().describe('The condition, such as secrets'),
    on: z
      .enum(['person', 'system'])
      .describe('person: a person must act; system: a machine is at fault, and the task resumes by itself'),
    why: z.string().describe('Human-readable reason in one sentence'),
    missing: z.array(z.string()).optional().describe('Names of the missing items'),
    next: z
      .object({ command: z.string().describe('Command to run'), when: z.string().describe('What the command does') })
      .nullable()
      .describe('The next step for a person; null if the task resumes by itself'),
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
      .describe('Machine-readable reason why it waits (waiting_…; see waits_for) or failed (timeout, oom, …)'),
    waits_for: taskWait
      .nullable()
      .optional()
      .describe(
        'What it waits for at the time of the request; null if nothing is missing. Omitted when a task is created or changed',
      ),
    spec: z.string().nullable().optional().describe('The requirements, verbatim; engineering only, omitted in lists'),
    result: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('EngineeringResult or DeployResult; null until it ends'),
    error: z.string().nullable().describe('Human-readable error, or what it waits for'),
    attempt: z.int().describe('Number of attempts; each retry and each replaced worker adds one'),
    epoch: z.int().describe('Fence: each claim and each replaced worker raises it'),
    cancel_requested: z.boolean().describe('Cancellation was requested and takes effect at the next step'),
    request_id: z.string().describe('request_id of the queue message that starts it'),
    correlation_id: z
      .string()
      .describe('correlation_id of the call that created it; in all messages and log lines of the task'),
    created_at: apiDatetime('When it was created'),
    updated_at: apiDatetime('When it last changed'),
    started_at: apiDatetime('When it was claimed').nullable().describe('When it was claimed; null before'),
    finished_at: apiDatetime('When it ended').nullable().describe('When it ended; null before'),
  })
  .describe('A database row that tracks asynchronous work.');
export type Task = z.infer<typeof task>;

/** The queue message of a task, stored with it; the client or the outbox relay publishes it verbatim. */
export const taskMessage = z
  .union([engineeringMessage, deployMessage])
  .describe('The queue message of a task, stored with it; the client or the outbox relay publishes it verbatim.');

const stream = z.string().describe('The stream to publish the message to');

export const createTask = z
  .object({
    project: z.string().describe('The project (id or name)'),
    type: taskType,
    spec: z.string().nullish().describe('The requirements, at most 1 MiB; engineering only'),
    correlation_id: z.string().max(200).optional().describe('One id for all resulting work; default: generated'),
    callback_stream: z
      .string()
      .max(200)
      .nullish()
      .describe('Stream for progress events: task_progress:<your user id> or task_progress:<your user id>:NAME'),
    anyway: z.boolean().optional().describe('Deploy even if no engineering task has completed yet'),
    dry_run: z.boolean().optional().describe('Validate without storing anything'),
  })
  .describe('Creates a task.');
export type CreateTask = z.input<typeof createTask>;

/** A new task, with the message that starts it and its stream. */
export const createdTask = z
  .object({
    task,
    stream,
    message: taskMessage,
    commit_sha: z.string().nullish().describe('Deploy only: the head of main'),
    warnings: z.array(z.string()).optional().describe('Human-readable warnings'),
    replayed: z.boolean().optional().describe('An earlier call with the same Idempotency-Key created it'),
  })
  .describe('A new task, with the message that starts it and its stream.');
export type CreatedTask = z.infer<typeof createdTask>;

export const listTasksQuery = pageQuery
  .extend({
    project: z.string().optional().describe('Only of this project (id or name)'),
    type: taskType.optional().describe('Only of this type'),
    status: taskStatus.optional().describe('Only in this status'),
    correlation_id: z.string().max(200).optional().describe('Only tasks with this correlation_id'),
  })
  .describe('Which tasks to list.');
export type ListTasksQuery = z.input<typeof listTasksQuery>;

export const claimTask = z
  .object({
    request_id: z.string().describe('request_id of the queue message; it can claim its own running task again'),
  })
  .describe('Claims a queued task: queued to running, epoch + 1.');
/** `cancelled`: the task had a cancel request and is now cancelled; there is nothing to run. */
export const claimedTask = z
  .object({
    outcome: z
      .enum(['claimed', 'resumed', 'cancelled'])
      .describe('claimed: run it; resumed: this request had already claimed it; cancelled: there is nothing to run'),
    task,
  })
  .describe('Result of a claim.');
export type ClaimedTask = z.infer<typeof claimedTask>;

/** Reason of a task that an administrator failed. */
export const FAILED_BY_ADMIN = 'failed_by_admin';

export const failTask = z
  .object({ reason: z.string().trim().min(1).max(2000).describe('Human-readable reason, shown with the task') })
  .describe('Fails a stuck task at once, even while a service works on it.');
export type FailTask = z.infer<typeof failTask>;

/** Ends a task, or records why it waits; rejected with STALE_EPOCH unless `epoch` is the task's current one. */
export const transitionTask = z
  .object({
    epoch: z.int().describe("Rejected with STALE_EPOCH unless it is the task's current epoch"),
    status: taskStatus
      .exclude(['queued'])
      .describe('running: changes only reason and error; any other status ends the task'),
    reason: z.string().max(100).nullish().describe('Machine-readable reason why it waits or failed'),
    condition: condition
      .optional()
      .describe('running: the condition to wait for, instead of a reason; ignored if it is already met'),
    result: z.record(z.string(), z.unknown()).nullish().describe('EngineeringResult or DeployResult'),
    error: z.string().nullish().describe('Human-readable error'),
  })
  .describe('Ends a task, or records why it waits.');
export type TransitionTask = z.infer<typeof transitionTask>;

/** One attempt of a worker at a task. */
export const attempt = z
  .object({
    task_id: z.string().describe('The task'),
    epoch: z.int().describe("The task's epoch during this attempt"),
    worker_id: z.string().nullable().describe('The worker; null before it exists'),
    request_id: z.string().nullable().describe("request_id of the worker's create command or turn"),
    started_at: apiDatetime('When it started'),
    finished_at: apiDatetime('When it ended').nullable().describe('When it ended; null before'),
    exit_code: z.int().nullable().describe('The exit code of the agent'),
    usage: usage.nullable().describe('Cost as reported by the agent'),
    result: z.record(z.string(), z.unknown()).nullable().describe("The worker's result"),
    opened_by: z
      .string()
      .optional()
      .describe("The task's request_id after a claim; another one after a worker was replaced"),
  })
  .describe('One attempt of a worker at a task.');
export type Attempt = z.infer<typeof attempt>;

/** Raises the epoch after a worker was lost; the same request_id always gets the same epoch. */
export const nextAttempt = z
  .object({
    epoch: z.int().describe('The current epoch'),
    request_id: z.string().describe('Idempotency key: the same request_id gets the same epoch'),
  })
  .describe('Raises the epoch after a worker was lost.');

/** Changes of an attempt; omitted fields stay. */
export const attemptReport = z
  .object({
    worker_id: z.string().optional().describe('The worker'),
    request_id: z.string().optional().describe("request_id of the worker's create command or turn"),
    finished_at: wireDatetime.optional().describe('When it ended. ISO 8601; UTC without a zone'),
    exit_code: z.int().nullish().describe('The exit code of the agent'),
    usage: usage.nullish().describe('Cost as reported by the agent'),
    result: z.record(z.string(), z.unknown()).nullish().describe("The worker's result"),
  })
  .describe('Changes of an attempt; omitted fields stay.');
export type AttemptReport = z.infer<typeof attemptReport>;

/** A progress event with its position in the task's history. */
export const taskEvent = progressEvent
  .extend({
    seq: z.int().describe("Position in the task's history: 1, 2, 3, …"),
    recorded_at: apiDatetime("When it was stored, by the database's clock")
      .optional()
      .describe("When it was stored, by the database's clock"),
  })
  .describe("A progress event with its position in the task's history.");
export type TaskEvent = z.infer<typeof taskEvent>;

export const taskEventsQuery = z
  .object({
    since: z.coerce.number().int().min(0).default(0).describe('Only events after this seq'),
    wait_ms: z.coerce
      .number()
      .int()
      .min(0)
      .max(30_000)
      .default(0)
      .describe('How long to wait for the first event, in milliseconds'),
    limit: z.coerce.number().int().min(1).max(1000).default(200).describe('Events per page'),
  })
  .describe("Which of a task's events to list, and how long to wait for one.");
export const taskEventPage = z
  .object({
    items: z.array(taskEvent).describe('The events, oldest first'),
    last_seq: z.int().describe('Value of since for the next page'),
    task,
  })
  .describe("A page of a task's history, with the current task.");
export type TaskEventPage = z.infer<typeof taskEventPage>;

/** Events to store in the API, each once per stream entry. */
export const recordEvents = z
  .object({
    events: z
      .array(
        z.object({
          entry_id: z.string().describe('Id of the stream entry; stored once'),
          event: progressEvent,
        }),
      )
      .max(1000)
      .describe('Events in the order of their entries'),
  })
  .describe('Events to store in the API, each once per stream entry.');
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
