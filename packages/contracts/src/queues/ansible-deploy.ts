import { z } from 'zod';
import { baseMessage, baseResult, nullable, systemFault } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks infra-service to run a commit on a server. Secrets travel as references only. */
export const ansibleDeployMessage = baseMessage
  .extend({
    job_type: z.literal('deploy').default('deploy').describe('The only kind of job there is'),
    project_id: z.string().describe('The project to run'),
    project_name: z.string().describe("The project's name in snake_case, as Ansible wants it"),
    repo_full_name: z.string().describe('The repository, as "org/repo"'),
    clone_url: z
      .string()
      .nullish()
      .describe('What git clones it by, as the project says; without it, what the project says is taken'),
    server_ip: z.string().describe('The server to run it on'),
    server_kind: z
      .string()
      .nullish()
      .describe('The kind of that server, which chooses the executor; without it, local'),
    port: z.int().describe('The TCP port that was allocated to the project on that server'),
    modules: nullable(z.array(z.string())).describe('Parts of the template that the project has, such as backend'),
    github_token_ref: z.string().describe('Reference to the token of the repository host, such as none:'),
    secrets_ref: z.string().describe("Reference to the project's secrets, such as vault:project/<id>"),
    commit_sha: z.string().nullish().describe('The commit to run; without it, the head of main'),
    task_id: z.string().nullish().describe('The task whose history the progress events belong to'),
  })
  .describe('Asks infra-service to run a commit on a server. Secrets travel as references only.');
export type AnsibleDeployMessage = z.infer<typeof ansibleDeployMessage>;

/** How a deploy job ended; also in the key `deploy:result:{request_id}` for an hour. */
export const ansibleDeployResult = baseResult
  .extend({
    deployed_url: nullable(z.string()).describe('Where the release answers'),
    server_ip: nullable(z.string()).describe('The server that the release runs on'),
    port: nullable(z.int()).describe("The project's TCP port on that server"),
    stdout: nullable(z.string()).describe('On failure: what the job printed'),
    stderr: nullable(z.string()).describe('On failure: what the job printed as errors'),
    exit_code: nullable(z.int()).describe('On failure: the exit code of the program that failed'),
    reason: z
      .enum(['port_in_use', 'fetch_failed', 'install_failed', 'start_failed', 'unhealthy', 'secret_missing'])
      .nullish()
      .describe('Why it failed, machine-readable'),
    free_port: z
      .int()
      .min(1)
      .max(65_535)
      .nullish()
      .describe('With port_in_use: a port above it that is free on that server'),
    system_fault: systemFault,
  })
  .describe('How a deploy job ended; also in the key deploy:result:{request_id} for an hour.');
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
  summary: 'How each deploy job ended.',
});

/** Key that holds an AnsibleDeployResult for an hour. */
export function deployResultKey(requestId: string): string {
  return `deploy:result:${requestId}`;
}
