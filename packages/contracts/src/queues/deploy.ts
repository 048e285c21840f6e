import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks operations to deploy a project's main branch. */
export const deployMessage = baseMessage
  .extend({
    task_id: z.string().describe('The task that tracks the work and stores its result'),
    project_id: z.string().describe('The project whose main branch is deployed'),
    user_id: z.int().describe('Telegram id of the requester, may exceed 32 bits; 0: none'),
  })
  .describe("Asks operations to deploy a project's main branch.");
export type DeployMessage = z.infer<typeof deployMessage>;

/** Result of a deploy task; stored in the task's `result`. */
export const deployResult = baseResult
  .extend({
    deployed_url: nullable(z.string()).describe('URL of the release'),
    server_ip: nullable(z.string()).describe('The server that the release runs on'),
    port: nullable(z.int()).describe("The project's TCP port on that server"),
    commit_sha: z.string().nullish().describe('The commit to deploy'),
  })
  .describe("Result of a deploy task; stored in the task's result.");
export type DeployResult = z.infer<typeof deployResult>;

export const deployQueue = defineQueue({
  stream: 'deploy:queue',
  kind: 'work',
  model: 'DeployMessage',
  message: deployMessage,
  group: 'deploy-consumer',
  producers: ['cli', 'sdk', 'scheduler'],
  consumers: ['langgraph'],
  summary: 'Deploy tasks to run; the task stores the result.',
});
