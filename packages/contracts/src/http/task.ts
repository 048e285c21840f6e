import { z } from 'zod';
import { progressEvent } from '../events.js';
import { deployMessage } from '../queues/deploy.js';
import { engineeringMessage } from '../queues/engineering.js';
import { usage } from '../queues/worker-io.js';
import { pageQuery } from './problem.js';

/** A spec may be this many bytes of UTF-8. */
export const MAX_SPEC_BYTES = 1024 * 1024;

export const taskType = z.enum(['engineering', 'deploy']);
export type TaskType = z.infer<typeof taskType>;

export const taskStatus = z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']);
export type TaskStatus = z.infer<typeof taskStatus>;

export const task = z.object({
  id: z.string(),
  project_id: z.string(),
  type: taskType,
  status: taskStatus,
  reason: z.string().nullable().describe('Machine-readable: why it waits or failed'),
  spec: z.string().nullable().optional().describe('Left out of lists'),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
  attempt: z.int().describe('1 for the first try, more after each retry'),
  epoch: z.int().describe('Fence: rises with every claim and every replaced worker'),
  cancel_requested: z.boolean(),
  request_id: z.string().describe('Of the queue message'),
  correlation_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
});
export type Task = z.infer<typeof task>;

/** The queue message of a task, stored with it and published verbatim by whoever comes first. */
export const taskMessage = z.union([engineeringMessage, deployMessage]);

export const createTask = z.object({
  project: z.string().describe('Id or name'),
  type: taskType,
  spec: z.string().nullish().describe('What is wanted; engineering only'),
  correlation_id: z.string().max(200).optional(),
  callback_stream: z.string().max(200).nullish(),
  dry_run: z.boolean().optional().describe('Check everything, store nothing'),
});
export type CreateTask = z.input<typeof createTask>;

/** A new task with the stream and the exact message that starts it. */
export const createdTask = z.object({ task, stream: z.string(), message: taskMessage });
export type CreatedTask = z.infer<typeof createdTask>;

export const listTasksQuery = pageQuery.extend({
  project: z.string().optional(),
  type: taskType.optional(),
  status: taskStatus.optional(),
});
export type ListTasksQuery = z.input<typeof listTasksQuery>;

export const claimTask = z.object({ request_id: z.string() });
/** `cancelled`: the task was to be cancelled and now is; there is nothing to run. */
export const claimedTask = z.object({ outcome: z.enum(['claimed', 'resumed', 'cancelled']), task });
export type ClaimedTask = z.infer<typeof claimedTask>;

/** Ends a task, or notes why it waits; refused with STALE_EPOCH unless `epoch` is the task's own. */
export const transitionTask = z.object({
  epoch: z.int(),
  status: taskStatus.exclude(['queued']),
  reason: z.string().max(100).nullish(),
  result: z.record(z.string(), z.unknown()).nullish(),
  error: z.string().nullish(),
});
export type TransitionTask = z.infer<typeof transitionTask>;

/** One try of a worker at a task. */
export const attempt = z.object({
  task_id: z.string(),
  epoch: z.int(),
  worker_id: z.string().nullable(),
  request_id: z.string().nullable(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  exit_code: z.int().nullable(),
  usage: usage.nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
});
export type Attempt = z.infer<typeof attempt>;

/** Raises the epoch because a worker was lost; the same request_id gets the same epoch again. */
export const nextAttempt = z.object({ epoch: z.int().describe('The epoch that ends'), request_id: z.string() });

/** What is known of an attempt; fields left out stay as they are. */
export const attemptReport = z.object({
  worker_id: z.string().optional(),
  request_id: z.string().optional(),
  finished_at: z.string().optional(),
  exit_code: z.int().nullish(),
  usage: usage.nullish(),
  result: z.record(z.string(), z.unknown()).nullish(),
});
export type AttemptReport = z.infer<typeof attemptReport>;

/** A progress event with its place in the task's history. */
export const taskEvent = progressEvent.extend({ seq: z.int() });
export type TaskEvent = z.infer<typeof taskEvent>;

export const taskEventsQuery = z.object({
  since: z.coerce.number().int().min(0).default(0).describe('Only events after this seq'),
  wait_ms: z.coerce.number().int().min(0).max(30_000).default(0).describe('Wait this long for the first one'),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export const taskEventPage = z.object({ items: z.array(taskEvent), last_seq: z.int(), task });
export type TaskEventPage = z.infer<typeof taskEventPage>;

/** Events for the API to keep, unique by the id of their stream entry. */
export const recordEvents = z.object({
  events: z.array(z.object({ entry_id: z.string(), event: progressEvent })).max(1000),
});
export type RecordEvents = z.input<typeof recordEvents>;

/** A message that waits to be published. */
export const outboxEntry = z.object({ task_id: z.string(), stream: z.string(), message: taskMessage });
export type OutboxEntry = z.infer<typeof outboxEntry>;
