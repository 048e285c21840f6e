import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks the engineering department to work on a task. */
export const engineeringMessage = baseMessage
  .extend({
    task_id: z.string().describe('The task that tracks the work and stores its result'),
    project_id: z.string().describe('The project to work on'),
    user_id: z.int().describe('Telegram id of the requester, may exceed 32 bits; 0: none'),
  })
  .describe('Asks the engineering department to work on a task.');
export type EngineeringMessage = z.infer<typeof engineeringMessage>;

/** Result of an engineering task; stored in the task's `result`. */
export const engineeringResult = baseResult
  .extend({
    files_changed: nullable(z.array(z.string())).describe('Paths in the repository that the task changed'),
    commit_sha: nullable(z.string()).describe('The commit that was merged to main'),
    branch: nullable(z.string()).describe('The branch of the work'),
  })
  .describe("Result of an engineering task; stored in the task's result.");
export type EngineeringResult = z.infer<typeof engineeringResult>;

export const engineeringQueue = defineQueue({
  stream: 'engineering:queue',
  kind: 'work',
  model: 'EngineeringMessage',
  message: engineeringMessage,
  group: 'engineering-consumer',
  producers: ['cli', 'sdk', 'scheduler'],
  consumers: ['langgraph'],
  summary: 'Engineering tasks to run; the task stores the result.',
});
