import { z } from 'zod';
import { nullable } from './base.js';
import { wireTimestamp } from './datetime.js';
import { defineQueue } from './define-queue.js';

/** Facts of an event, so that no program has to read its message. Each is left out where it does not apply. */
const facts = {
  round: z.int().min(1).nullish().describe('Round of develop and test, from 1'),
  epoch: z.int().min(0).nullish().describe('Epoch of the task that begins with this event'),
  commit_sha: z.string().nullish().describe('Commit that was made, tested, merged or released'),
  url: z.string().nullish().describe('URL that is verified, or that serves the release'),
  missing: z.array(z.string()).nullish().describe('Names of what the task waits for, such as secrets'),
};

/** A progress event. `completed` and `failed` end a task; only langgraph publishes them. */
export const progressEvent = z
  .object({
    type: z
      .enum(['started', 'progress', 'completed', 'failed'])
      .describe('completed and failed end the task; only langgraph publishes them'),
    request_id: z.string().describe('request_id of the message that the work belongs to'),
    task_id: nullable(z.string()).describe('The task that the event belongs to'),
    timestamp: wireTimestamp('When it happened'),
    message: nullable(z.string()).describe('Human-readable description'),
    progress_pct: nullable(z.int().min(0).max(100)).describe('Progress in percent (0 to 100)'),
    current_step: nullable(z.string()).describe('Current step of the flow, such as develop or test'),
    error: nullable(z.string()).describe('Human-readable error; set on failed events'),
    error_type: nullable(z.string()).describe('Machine-readable error, such as timeout or cancelled'),
    ...facts,
  })
  .describe('A progress event of a task; completed and failed end it.');
export type ProgressEvent = z.infer<typeof progressEvent>;
/** Facts of an event. */
export type EventFacts = Partial<Pick<ProgressEvent, keyof typeof facts>>;

export const taskEvents = defineQueue({
  stream: 'task:events',
  kind: 'work',
  model: 'ProgressEvent',
  message: progressEvent,
  group: 'langgraph',
  producers: ['langgraph', 'scaffolder', 'worker-manager', 'worker-wrapper', 'infra-service'],
  consumers: ['langgraph'],
  summary: 'Progress of every task, on its way to the API.',
});

export const taskProgress = defineQueue({
  stream: 'task_progress:{task_id}',
  kind: 'log',
  model: 'ProgressEvent',
  message: progressEvent,
  producers: ['langgraph', 'scaffolder', 'worker-manager', 'worker-wrapper', 'infra-service'],
  consumers: ['telegram-bot', 'cli', 'sdk'],
  summary: 'Progress of one task, for the caller that set callback_stream; events may be dropped.',
  maxLength: 1000,
  expiresSeconds: 86_400,
});

const PROGRESS_STREAM = /^task_progress:([A-Za-z0-9][\w.-]{0,127})(?::[\w.-]{1,64})?$/;

/**
 * Owner of a progress stream: the task of `task_progress:<task id>`, the user of `task_progress:<user id>` or
 * `task_progress:<user id>:NAME`. Undefined for any other stream name.
 */
export function progressStreamOwner(stream: string): string | undefined {
  return PROGRESS_STREAM.exec(stream)?.[1];
}

/** Whether an event ends its task. */
export function isTerminalEvent(event: Pick<ProgressEvent, 'type'>): boolean {
  return event.type === 'completed' || event.type === 'failed';
}
