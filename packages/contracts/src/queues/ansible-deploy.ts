import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks infra-service to run a commit on a server. Secrets are references only. */
export const ansibleDeployMessage = baseMessage
  .extend({
    job_type: z.literal('deploy').default('deploy').describe('The only kind of job'),
    project_id: z.string().describe('The project to run'),
    project_name: z.string().describe("The project's name in snake_case, for Ansible"),
    repo_full_name: z.string().describe('The repository, as "org/repo"'),
    clone_url: z.string().nullish().describe("URL for git clone; default: the project's"),
    server_ip: z.string().describe('The server to run it on'),
    server_kind: z.string().nullish().describe('Kind of the server, which selects the executor; default: local'),
    port: z.int().describe('TCP port allocated to the project on the server'),
    modules: nullable(z.array(z.string())).describe('Template modules of the project, such as backend'),
    github_token_ref: z.string().describe('Reference to the token of the repository host, such as none:'),
    secrets_ref: z.string().describe("Reference to the project's secrets, such as vault:project/<id>"),
    commit_sha: z.string().nullish().describe('The commit to run; default: the head of main'),
    task_id: z.string().nullish().describe('The task that the progress events belong to'),
  })
  .describe('Asks infra-service to run a commit on a server. Secrets are references only.');
export type AnsibleDeployMessage = z.infer<typeof ansibleDeployMessage>;

/** Result of a deploy job; also in the key `deploy:result:{request_id}` for an hour. */
export const ansibleDeployResult = baseResult
  .extend({
    deployed_url: nullable(z.string()).describe('URL of the release'),
    server_ip: nullable(z.string()).describe('The server that the release runs on'),
    port: nullable(z.int()).describe("The project's TCP port on that server"),
    stdout: nullable(z.string()).describe('On failure: stdout of the job'),
    stderr: nullable(z.string()).describe('On failure: stderr of the job'),
    exit_code: nullable(z.int()).describe('On failure: exit code of the failed program'),
    reason: z
      .enum(['port_in_use', 'fetch_failed', 'install_failed', 'start_failed', 'unhealthy', 'secret_missing'])
      .nullish()
      .describe('Machine-readable reason of the failure'),
    free_port: z
      .int()
      .min(1)
      .max(65_535)
      .nullish()
      .describe('With port_in_use: a higher port that is free on the server'),
    system_fault: systemFault,
  })
  .describe('Result of a deploy job; also in the key deploy:result:{request_id} for an hour.');
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
  results: 'ansible:deploy:results',
});

export const ansibleDeployResults = defineQueue({
  stream: 'ansible:deploy:results',
  kind: 'work',
  model: 'AnsibleDeployResult',
  message: ansibleDeployResult,
  group: 'langgraph',
  producers: ['infra-service'],
  consumers: ['langgraph'],
  summary: 'Results of deploy jobs.',
});

/** Redis key that keeps an AnsibleDeployResult for an hour. */
export function deployResultKey(requestId: string): string {
  return `deploy:result:${requestId}`;
}
