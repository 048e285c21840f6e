import { z } from 'zod';
import { nullable, queueMeta } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** The CLI agent that a worker runs. Python peers know only the first two. */
export const agentName = z
  .enum(['claude-code', 'factory-droid', 'codex', 'custom'])
  .describe("The CLI agent that the worker runs; custom: a command of the operator's configuration");
export type AgentName = z.infer<typeof agentName>;

export const workerType = z.enum(['developer', 'po']);
export type WorkerType = z.infer<typeof workerType>;

/** The repository that a worker clones. */
export const workerRepo = z
  .object({
    repo_full_name: z.string().describe('The repository to clone, as "org/repo"'),
    clone_url: z.string().optional().describe("URL for git clone; default: that of the repository's project"),
    ref: z.string().describe('Branch or commit to start from'),
    read_only: z.boolean().default(false).describe("Never push the agent's changes"),
  })
  .describe('The repository that a worker clones.');
export type WorkerRepo = z.infer<typeof workerRepo>;

/** Resource limits of a worker. */
const workerResources = z
  .object({
    memory_mb: z.int().optional().describe('Memory in MiB'),
    cpus: z.number().optional().describe('Processors, such as 0.5'),
    pids: z.int().optional().describe('Concurrent processes'),
  })
  .describe('Resource limits of a worker; default: unlimited.');

/** Configuration of a worker. Fields unknown to Python peers are optional. */
export const workerConfig = z
  .object({
    name: z.string().describe('Display name of the worker'),
    agent: agentName,
    capabilities: z.array(z.string()).describe('Tools that the worker needs: git, github, python, node, …'),
    env_vars: z.record(z.string(), z.string()).describe('Environment variables of the agent; secrets as references'),
    mount_session_volume: z
      .boolean()
      .default(false)
      .describe("Mount the operator's agent session, so that the worker needs no key"),
    worker_type: workerType.optional().describe('developer: writes code; po: talks to a person as Product Owner'),
    instructions: z.string().optional().describe('Standing instructions for the agent, in CLAUDE.md and AGENTS.md'),
    allowed_commands: z.array(z.string()).optional().describe('Orchestrator commands that the agent may call'),
    resources: workerResources.optional().describe('Resource limits of the worker; default: unlimited'),
    repo: workerRepo.optional().describe('The repository to clone; default: an empty folder'),
    agent_config: z
      .string()
      .optional()
      .describe("For the agent custom: the name of a command in the operator's configuration"),
  })
  .describe('Configuration of a worker.');
export type WorkerConfig = z.infer<typeof workerConfig>;

const requestId = z
  .string()
  .describe('Matches the response to the command; chosen by the producer, the same in every resend');
const workerId = z.string().describe('The worker: w-<request_id of its create command>; older peers write agent_id');

/** Creates a worker. Its id is `w-<request_id>`. */
export const createWorkerCommand = queueMeta
  .extend({
    command: z.literal('create').default('create').describe('Type of the command'),
    request_id: requestId,
    config: workerConfig,
    context: z
      .record(z.string(), z.string())
      .default({})
      .describe('task_id, project_id and epoch of the work, used to report a lost worker'),
  })
  .describe('Creates a worker. Its id is w-<request_id>.');
/** Sends a prompt to a worker; the response contains the turn's text. */
export const sendMessageCommand = queueMeta
  .extend({
    command: z.literal('send_message').default('send_message').describe('Type of the command'),
    request_id: requestId,
    worker_id: workerId,
    message: z.string().describe('The prompt, verbatim'),
    timeout: z.int().default(1800).describe('How long the turn may take, in seconds'),
  })
  .describe("Sends a prompt to a worker; the response contains the turn's text.");
/** Writes a file inside a worker. */
export const sendFileCommand = queueMeta
  .extend({
    command: z.literal('send_file').default('send_file').describe('Type of the command'),
    request_id: requestId,
    worker_id: workerId,
    path: z.string().describe('Path of the file inside the worker'),
    content: z.string().describe('Text content of the file'),
  })
  .describe('Writes a file inside a worker.');
/** Stops a worker and removes it. */
export const deleteWorkerCommand = queueMeta
  .extend({
    command: z.literal('delete').default('delete').describe('Type of the command'),
    request_id: requestId,
    worker_id: workerId,
  })
  .describe('Stops a worker and removes it.');
/** Asks for the status of a worker. */
export const workerStatusCommand = queueMeta
  .extend({
    command: z.literal('status').default('status').describe('Type of the command'),
    request_id: requestId,
    worker_id: workerId,
  })
  .describe('Asks for the status of a worker.');
/** Asks for all workers. */
export const listWorkersCommand = queueMeta
  .extend({
    command: z.literal('list').default('list').describe('Type of the command'),
    request_id: requestId,
  })
  .describe('Asks for all workers.');
/** All commands of worker:commands; `command` is the discriminator. */
export const workerCommand = z
  .discriminatedUnion('command', [
    createWorkerCommand,
    sendMessageCommand,
    sendFileCommand,
    deleteWorkerCommand,
    workerStatusCommand,
    listWorkersCommand,
  ])
  .describe('All commands of worker:commands; the field command is the discriminator.');

export type CreateWorkerCommand = z.infer<typeof createWorkerCommand>;
export type SendMessageCommand = z.infer<typeof sendMessageCommand>;
export type SendFileCommand = z.infer<typeof sendFileCommand>;
export type DeleteWorkerCommand = z.infer<typeof deleteWorkerCommand>;
export type WorkerStatusCommand = z.infer<typeof workerStatusCommand>;
export type ListWorkersCommand = z.infer<typeof listWorkersCommand>;
export type WorkerCommand = z.infer<typeof workerCommand>;

const success = z.boolean().describe('Whether the command succeeded');
const error = nullable(z.string()).describe('Human-readable error; null on success');

export const createWorkerResponse = z
  .object({
    request_id: requestId,
    success,
    worker_id: nullable(z.string()).describe('The new worker; null on failure'),
    error,
  })
  .describe('The answer to create.');
export const sendMessageResponse = z
  .object({
    request_id: requestId,
    success,
    response: nullable(z.string()).describe("The turn's text"),
    error,
  })
  .describe('The answer to send_message.');
export const deleteWorkerResponse = z
  .object({ request_id: requestId, success, error })
  .describe('The answer to delete.');
export const sendFileResponse = deleteWorkerResponse.extend({}).describe('The answer to send_file.');
export const workerStatus = z
  .enum(['starting', 'idle', 'busy', 'stopped', 'lost'])
  .describe('idle: waits for a turn; busy: runs a turn; stopped: ended normally; lost: died unexpectedly');
/** A worker as its worker-manager sees it. */
export const workerSummary = z
  .object({
    worker_id: z.string().describe('The worker'),
    name: z.string().describe('Display name'),
    worker_type: workerType.describe('developer: writes code; po: talks to a person as Product Owner'),
    agent: agentName,
    agent_config: z.string().nullish().describe("For the agent custom: the command of the operator's configuration"),
    status: workerStatus,
    turn: z.string().nullish().describe('request_id of the current turn'),
    task_id: z.string().nullish().describe('The task that it was created for'),
    project_id: z.string().nullish().describe('The project that it was created for'),
    started_at: z.string().nullish().describe('When it started. ISO 8601, UTC'),
    error: z.string().nullish().describe('Human-readable reason of the loss'),
  })
  .describe('A worker as its worker-manager sees it.');
export type WorkerSummary = z.infer<typeof workerSummary>;

const workers = z.array(workerSummary).nullish();
const agents = z.array(z.string()).nullish();

/** Machine-readable reason of a rejected command. */
export const workerRefusal = z
  .enum(['unknown_worker', 'unknown_agent', 'not_allowed', 'invalid'])
  .describe(
    'unknown_worker: no worker has this id; for create: unknown_agent: the operator has not configured this agent; ' +
      'not_allowed: messages may not set this; invalid: an invalid value, or a reference to something that does not exist',
  );
export type WorkerRefusal = z.infer<typeof workerRefusal>;

export const listWorkersResponse = z
  .object({
    request_id: requestId,
    success,
    workers: workers.describe('All workers, including those that wait for a slot'),
    agents: agents.describe('Valid agent_config values for create; omitted by older peers'),
    error,
  })
  .describe('The answer to list.');
export const workerStatusResponse = z
  .object({
    request_id: requestId,
    success,
    status: nullable(workerStatus).describe('Status of the worker; null if unknown'),
    workers: workers.describe('The worker; empty if it no longer exists'),
    error,
  })
  .describe('The answer to status.');
/** Any answer on worker:responses; its request_id identifies the command. */
export const workerResponse = z
  .object({
    request_id: requestId,
    success,
    worker_id: z.string().nullish().describe('For create: the new worker'),
    response: z.string().nullish().describe("For send_message: the turn's text"),
    status: workerStatus.nullish().describe('For status: status of the worker'),
    workers: workers.describe('For list: all workers; for status: the worker'),
    agents: agents.describe('For list: valid agent_config values for create'),
    reason: workerRefusal.nullish().describe('Machine-readable reason of a rejection'),
    error,
  })
  .describe('Any answer on worker:responses; its request_id identifies the command.');
export type CreateWorkerResponse = z.infer<typeof createWorkerResponse>;
export type SendMessageResponse = z.infer<typeof sendMessageResponse>;
export type DeleteWorkerResponse = z.infer<typeof deleteWorkerResponse>;
export type SendFileResponse = z.infer<typeof sendFileResponse>;
export type WorkerStatusResponse = z.infer<typeof workerStatusResponse>;
export type ListWorkersResponse = z.infer<typeof listWorkersResponse>;
export type WorkerResponse = z.infer<typeof workerResponse>;

export const workerCommands = defineQueue({
  stream: 'worker:commands',
  kind: 'work',
  model: 'WorkerCommand',
  message: workerCommand,
  group: 'worker-manager',
  producers: ['langgraph', 'telegram-bot', 'cli'],
  consumers: ['worker-manager'],
  summary: 'Commands that create, use and delete workers.',
  results: 'worker:responses',
  legacyStreams: ['cli-agent:commands'],
});

export const workerResponses = defineQueue({
  stream: 'worker:responses',
  kind: 'log',
  model: 'WorkerResponse',
  message: workerResponse,
  producers: ['worker-manager'],
  consumers: ['langgraph', 'telegram-bot', 'cli'],
  summary: 'Answers to worker commands, matched by request_id; each reader keeps its own position.',
  legacyStreams: ['cli-agent:responses'],
  maxLength: 10_000,
  expiresSeconds: 3600,
});

/** Redis key that keeps the answer to a worker command for an hour. */
export function workerResponseKey(requestId: string): string {
  return `worker:response:${requestId}`;
}

/** A worker's id is derived from its create request, so that its first input can be sent with the command. */
export function workerIdFor(createRequestId: string): string {
  return `w-${createRequestId}`;
}
