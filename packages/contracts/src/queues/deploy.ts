import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks operations to put a project's main branch at a URL. */
export const deployMessage = baseMessage
  .extend({
    task_id: z.string().describe('The task row that follows the work; its result goes there'),
    project_id: z.string().describe('The project whose main branch is deployed'),
    user_id: z.int().describe('Telegram id of the person who asks, beyond 32 bits; 0 if there is none'),
  })
  .describe("Asks operations to put a project's main branch at a URL.");
export type DeployMessage = z.infer<typeof deployMessage>;

/** How a deploy task ended; stored in the task's `result`. */
export const deployResult = baseResult
  .extend({
    deployed_url: nullable(z.string()).describe('Where the release answers'),
    server_ip: nullable(z.string()).describe('The server that the release runs on'),
    port: nullable(z.int()).describe("The project's TCP port on that server"),
    commit_sha: z.string().nullish().describe('The commit that was to be released'),
  })
  .describe("How a deploy task ended; stored in the task's result.");
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
