import { z } from 'zod';
import { nullable } from './base.js';
import { wireTimestamp } from './datetime.js';
import { defineQueue } from './define-queue.js';

/** A progress notice. `completed` and `failed` end a task; only langgraph publishes them. */
export const progressEvent = z
  .object({
    type: z
      .enum(['started', 'progress', 'completed', 'failed'])
      .describe('completed and failed end the task and are written by langgraph alone'),
    request_id: z.string().describe('The request_id of the message whose work this is about'),
    task_id: nullable(z.string()).describe('The task whose history the event belongs to'),
    timestamp: wireTimestamp('When it happened'),
    message: nullable(z.string()).describe('What happened, for a person'),
    progress_pct: nullable(z.int().min(0).max(100)).describe('How much of the work is done, in percent (0 to 100)'),
    current_step: nullable(z.string()).describe('The step of the flow that is under way, such as develop or test'),
    error: nullable(z.string()).describe('What went wrong, for a person; set by failed events'),
    error_type: nullable(z.string()).describe('What went wrong, machine-readable, such as timeout or cancelled'),
  })
  .describe('A progress notice of a task; completed and failed end it.');
export type ProgressEvent = z.infer<typeof progressEvent>;

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
  summary: 'Progress of one task, for whoever asked with callback_stream; may be dropped.',
  maxLength: 1000,
  expiresSeconds: 86_400,
});

const PROGRESS_STREAM = /^task_progress:([A-Za-z0-9][\w.-]{0,127})(?::[\w.-]{1,64})?$/;

/**
 * Whose stream of progress it is: `task_progress:<task id>`, or `task_progress:<user id>`, with `:NAME` behind it for a
 * user of several. Undefined where a name is that of no such stream.
 */
export function progressStreamOwner(stream: string): string | undefined {
  return PROGRESS_STREAM.exec(stream)?.[1];
}

/** Whether an event ends its task. */
export function isTerminalEvent(event: Pick<ProgressEvent, 'type'>): boolean {
  return event.type === 'completed' || event.type === 'failed';
}
