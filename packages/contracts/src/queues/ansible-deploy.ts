import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks infra-service to run a commit on a server. Secrets travel as references only. */
export const ansibleDeployMessage = baseMessage.extend({
  job_type: z.literal('deploy').default('deploy'),
  project_id: z.string(),
  project_name: z.string().describe('snake_case'),
  repo_full_name: z.string().describe('"org/repo"'),
  server_ip: z.string(),
  port: z.int(),
  modules: nullable(z.array(z.string())),
  github_token_ref: z.string().describe('Reference to the host token, such as none:'),
  secrets_ref: z.string().describe('Reference to the project secrets, such as vault:project/<id>'),
  commit_sha: z.string().nullish().describe('The commit to run; without it, the head of main'),
  task_id: z.string().nullish().describe('For progress events'),
});
export type AnsibleDeployMessage = z.infer<typeof ansibleDeployMessage>;

/** How a deploy job ended; also in the key `deploy:result:{request_id}` for an hour. */
export const ansibleDeployResult = baseResult.extend({
  deployed_url: nullable(z.string()),
  server_ip: nullable(z.string()),
  port: nullable(z.int()),
  stdout: nullable(z.string()),
  stderr: nullable(z.string()),
  exit_code: nullable(z.int()),
  reason: z
    .enum(['port_in_use', 'fetch_failed', 'install_failed', 'start_failed', 'unhealthy', 'secret_missing'])
    .nullish()
    .describe('Why it failed'),
});
export type AnsibleDeployResult = z.infer<typeof ansibleDeployResult>;

export const ansibleDeployQueue = defineQueue({
  stream: 'ansible:deploy:queue',
  kind: 'work',
  model: 'AnsibleDeployMessage',
  message: ansibleDeployMessage,
  group: 'infra-consumer',
  producers: ['langgraph'],
  consumers: ['infra-service'],
  summary: 'Commits to run on a server.',
});

export const ansibleDeployResults = defineQueue({
  stream: 'ansible:deploy:results',
  kind: 'work',
  model: 'AnsibleDeployResult',
  message: ansibleDeployResult,
  group: 'langgraph',
  producers: ['infra-service'],
  consumers: ['langgraph'],
  summary: 'How each deploy job ended.',
});

/** Key that holds an AnsibleDeployResult for an hour. */
export function deployResultKey(requestId: string): string {
  return `deploy:result:${requestId}`;
}
