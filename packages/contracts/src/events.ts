import { z } from 'zod';
import { nullable } from './base.js';
import { wireDatetime, wireNow } from './datetime.js';
import { defineQueue } from './define-queue.js';

/** A progress notice. `completed` and `failed` end a task, and only langgraph writes them. */
export const progressEvent = z.object({
  type: z.enum(['started', 'progress', 'completed', 'failed']),
  request_id: z.string(),
  task_id: nullable(z.string()),
  timestamp: wireDatetime.default(wireNow),
  message: nullable(z.string()),
  progress_pct: nullable(z.int().min(0).max(100)),
  current_step: nullable(z.string()),
  error: nullable(z.string()),
  error_type: nullable(z.string()),
});
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

/** Whether an event ends its task. */
export function isTerminalEvent(event: Pick<ProgressEvent, 'type'>): boolean {
  return event.type === 'completed' || event.type === 'failed';
}
