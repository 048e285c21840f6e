import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks operations to put a project's main branch at a URL. */
export const deployMessage = baseMessage.extend({
  task_id: z.string().describe('The task row that follows the work'),
  project_id: z.string(),
  user_id: z.int().describe('Telegram id of the person, 0 if there is none'),
});
export type DeployMessage = z.infer<typeof deployMessage>;

/** How a deploy task ended; stored in the task's `result`. */
export const deployResult = baseResult.extend({
  deployed_url: nullable(z.string()),
  server_ip: nullable(z.string()),
  port: nullable(z.int()),
});
export type DeployResult = z.infer<typeof deployResult>;

export const deployQueue = defineQueue({
  stream: 'deploy:queue',
  kind: 'work',
  model: 'DeployMessage',
  message: deployMessage,
  group: 'deploy-consumer',
  producers: ['cli', 'sdk', 'scheduler'],
  consumers: ['langgraph'],
  summary: 'Deploy tasks to run; the outcome is in the task.',
});
