import { z } from 'zod';
import { nullable, queueMeta } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Which CLI agent a worker runs. Python peers know the first two. */
export const agentName = z
  .enum(['claude-code', 'factory-droid', 'codex', 'custom'])
  .describe("Which CLI agent the worker runs; custom: a command of the operator's configuration");
export type AgentName = z.infer<typeof agentName>;

export const workerType = z.enum(['developer', 'po']);
export type WorkerType = z.infer<typeof workerType>;

/** Where a worker's checkout comes from. */
export const workerRepo = z
  .object({
    repo_full_name: z.string().describe('The repository to clone, as "org/repo"'),
    clone_url: z
      .string()
      .optional()
      .describe('What git clones it by, as the project says; without it, what the project of that repository says'),
    ref: z.string().describe('Branch or commit to start from'),
    read_only: z.boolean().default(false).describe('Nothing is pushed, whatever the agent changed'),
  })
  .describe("Where a worker's checkout comes from.");
export type WorkerRepo = z.infer<typeof workerRepo>;

/** What a worker may use of its machine. */
const workerResources = z
  .object({
    memory_mb: z.int().optional().describe('Memory, in MiB'),
    cpus: z.number().optional().describe('Processors; 0.5 is half of one'),
    pids: z.int().optional().describe('Processes at once'),
  })
  .describe('What a worker may use of its machine; no limit where left out.');

/** How to build a worker. What is ours is optional, so that Python peers can leave it out. */
export const workerConfig = z
  .object({
    name: z.string().describe('What people call the worker'),
    agent: agentName,
    capabilities: z.array(z.string()).describe('What the worker needs installed: git, github, python, node, …'),
    env_vars: z.record(z.string(), z.string()).describe("The agent's environment; secrets as references"),
    mount_session_volume: z
      .boolean()
      .default(false)
      .describe("Give the worker the operator's own agent session, so that it needs no key"),
    worker_type: workerType.optional().describe('developer: writes code; po: talks with a person as Product Owner'),
    instructions: z.string().optional().describe('What the agent is told once and for all: CLAUDE.md and AGENTS.md'),
    allowed_commands: z.array(z.string()).optional().describe('Commands of the orchestrator that the agent may call'),
    resources: workerResources.optional().describe('What the worker may use of its machine; no limit where left out'),
    repo: workerRepo.optional().describe('What to clone; an empty folder where left out'),
    agent_config: z
      .string()
      .optional()
      .describe("For the agent custom: the name of a command in the operator's configuration"),
  })
  .describe('How to build a worker.');
export type WorkerConfig = z.infer<typeof workerConfig>;

const requestId = z
  .string()
  .describe('Matches the response to the command; chosen by the producer, stable over resends');
const workerId = z.string().describe('The worker: w-<request_id of its create command>; older peers write agent_id');

/** Creates a worker. Its id is `w-<request_id>`. */
export const createWorkerCommand = queueMeta
  .extend({
    command: z.literal('create').default('create').describe('Tells the commands apart'),
    request_id: requestId,
    config: workerConfig,
    context: z
      .record(z.string(), z.string())
      .default({})
      .describe('task_id, project_id and epoch of the work, to answer for a worker that died'),
  })
  .describe('Creates a worker. Its id is w-<request_id>.');
/** Sends a prompt to a worker and answers with the turn's text. */
export const sendMessageCommand = queueMeta
  .extend({
    command: z.literal('send_message').default('send_message').describe('Tells the commands apart'),
    request_id: requestId,
    worker_id: workerId,
    message: z.string().describe('The prompt, verbatim'),
    timeout: z.int().default(1800).describe('How long the turn may take, in seconds'),
  })
  .describe("Sends a prompt to a worker; the response holds the turn's text.");
/** Writes a file inside a worker. */
export const sendFileCommand = queueMeta
  .extend({
    command: z.literal('send_file').default('send_file').describe('Tells the commands apart'),
    request_id: requestId,
    worker_id: workerId,
    path: z.string().describe('Where the file goes, inside the worker'),
    content: z.string().describe('What the file holds, as text'),
  })
  .describe('Writes a file inside a worker.');
/** Stops a worker and removes it. */
export const deleteWorkerCommand = queueMeta
  .extend({
    command: z.literal('delete').default('delete').describe('Tells the commands apart'),
    request_id: requestId,
    worker_id: workerId,
  })
  .describe('Stops a worker and removes it.');
/** Asks how a worker is. */
export const workerStatusCommand = queueMeta
  .extend({
    command: z.literal('status').default('status').describe('Tells the commands apart'),
    request_id: requestId,
    worker_id: workerId,
  })
  .describe('Asks how a worker is.');
/** Asks which workers there are. */
export const listWorkersCommand = queueMeta
  .extend({
    command: z.literal('list').default('list').describe('Tells the commands apart'),
    request_id: requestId,
  })
  .describe('Asks which workers there are.');
/** Every command of worker:commands, told apart by `command`. */
export const workerCommand = z
  .discriminatedUnion('command', [
    createWorkerCommand,
    sendMessageCommand,
    sendFileCommand,
    deleteWorkerCommand,
    workerStatusCommand,
    listWorkersCommand,
  ])
  .describe('Every command of worker:commands, told apart by the field command.');

export type CreateWorkerCommand = z.infer<typeof createWorkerCommand>;
export type SendMessageCommand = z.infer<typeof sendMessageCommand>;
export type SendFileCommand = z.infer<typeof sendFileCommand>;
export type DeleteWorkerCommand = z.infer<typeof deleteWorkerCommand>;
export type WorkerStatusCommand = z.infer<typeof workerStatusCommand>;
export type ListWorkersCommand = z.infer<typeof listWorkersCommand>;
export type WorkerCommand = z.infer<typeof workerCommand>;

const success = z.boolean().describe('Whether the command was carried out');
const error = nullable(z.string()).describe('Why it was not, for a person; null on success');

export const createWorkerResponse = z
  .object({
    request_id: requestId,
    success,
    worker_id: nullable(z.string()).describe('The new worker; null where it could not be made'),
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
  .describe('idle: waits for a turn; busy: in one; stopped: ended as it should; lost: died without a word');
/** A worker as its manager knows it. */
export const workerSummary = z
  .object({
    worker_id: z.string().describe('The worker'),
    name: z.string().describe('What people call it'),
    worker_type: workerType.describe('developer: writes code; po: talks with a person as Product Owner'),
    agent: agentName,
    agent_config: z.string().nullish().describe("For the agent custom: the command of the operator's configuration"),
    status: workerStatus,
    turn: z.string().nullish().describe('The request_id of the turn that it is in'),
    task_id: z.string().nullish().describe('The task that it was made for'),
    project_id: z.string().nullish().describe('The project that it was made for'),
    started_at: z.string().nullish().describe('When it was started. ISO 8601, UTC'),
    error: z.string().nullish().describe('Why it was lost, for a person'),
  })
  .describe('A worker as its manager knows it.');
export type WorkerSummary = z.infer<typeof workerSummary>;

const workers = z.array(workerSummary).nullish();
const agents = z.array(z.string()).nullish();

/** Why a command was not carried out, where a program may want to tell. */
export const workerRefusal = z
  .enum(['unknown_worker', 'unknown_agent', 'not_allowed', 'invalid'])
  .describe(
    'unknown_worker: there is no worker of that id; of create: unknown_agent: the operator has no such agent; ' +
      'not_allowed: the operator does not leave that to messages; invalid: it does not fit, or refers to what is not there',
  );
export type WorkerRefusal = z.infer<typeof workerRefusal>;

export const listWorkersResponse = z
  .object({
    request_id: requestId,
    success,
    workers: workers.describe('Every worker that there is, also those that wait for a slot'),
    agents: agents.describe('What create may name as agent_config; left out by older peers'),
    error,
  })
  .describe('The answer to list.');
export const workerStatusResponse = z
  .object({
    request_id: requestId,
    success,
    status: nullable(workerStatus).describe('How the worker is; null where it is not known'),
    workers: workers.describe('The one worker; none where it is gone'),
    error,
  })
  .describe('The answer to status.');
/** Any answer on worker:responses; which one it is follows from the request it answers. */
export const workerResponse = z
  .object({
    request_id: requestId,
    success,
    worker_id: z.string().nullish().describe('Of create: the new worker'),
    response: z.string().nullish().describe("Of send_message: the turn's text"),
    status: workerStatus.nullish().describe('Of status: how the worker is'),
    workers: workers.describe('Of list: every worker; of status: the one'),
    agents: agents.describe('Of list: what create may name as agent_config'),
    reason: workerRefusal.nullish().describe('Why it was not carried out, machine-readable'),
    error,
  })
  .describe('Any answer on worker:responses; which one it is follows from the request it answers.');
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
  summary: 'Create, use and delete workers.',
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

/** Key that holds a worker command's answer for an hour. */
export function workerResponseKey(requestId: string): string {
  return `worker:response:${requestId}`;
}

/** A worker's id follows from the request that created it, so that its first input can go out with the command. */
export function workerIdFor(createRequestId: string): string {
  return `w-${createRequestId}`;
}
