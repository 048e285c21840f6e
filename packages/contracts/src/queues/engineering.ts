import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the engineering department for one task. */
export const engineeringMessage = baseMessage.extend({
  task_id: z.string().describe('The task row that follows the work'),
  project_id: z.string(),
  user_id: z.int().describe('Telegram id of the person, 0 if there is none'),
});
export type EngineeringMessage = z.infer<typeof engineeringMessage>;

/** How an engineering task ended; stored in the task's `result`. */
export const engineeringResult = baseResult.extend({
  files_changed: nullable(z.array(z.string())),
  commit_sha: nullable(z.string()),
  branch: nullable(z.string()),
});
export type EngineeringResult = z.infer<typeof engineeringResult>;

export const engineeringQueue = defineQueue({
  stream: 'engineering:queue',
  kind: 'work',
  model: 'EngineeringMessage',
  message: engineeringMessage,
  group: 'engineering-consumer',
  producers: ['cli', 'sdk', 'scheduler'],
  consumers: ['langgraph'],
  summary: 'Engineering tasks to run; the outcome is in the task.',
});
