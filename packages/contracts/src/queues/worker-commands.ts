import { z } from 'zod';
import { nullable, queueMeta } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Which CLI agent a worker runs. Python peers know the first two. */
export const agentName = z.enum(['claude-code', 'factory-droid', 'codex', 'custom']);
export type AgentName = z.infer<typeof agentName>;

export const workerType = z.enum(['developer', 'po']);
export type WorkerType = z.infer<typeof workerType>;

/** Where a worker's checkout comes from. */
export const workerRepo = z.object({
  repo_full_name: z.string().describe('"org/repo"'),
  ref: z.string().describe('Branch or commit to start from'),
  read_only: z.boolean().default(false).describe('Nothing is pushed, whatever the agent changed'),
});
export type WorkerRepo = z.infer<typeof workerRepo>;

/** How to build a worker. What is ours is optional, so that Python peers can leave it out. */
export const workerConfig = z.object({
  name: z.string(),
  agent: agentName,
  capabilities: z.array(z.string()).describe('git, github, python, node, …'),
  env_vars: z.record(z.string(), z.string()).describe('Environment of the agent; secrets as references'),
  mount_session_volume: z.boolean().default(false),
  worker_type: workerType.optional(),
  instructions: z.string().optional().describe('Written to CLAUDE.md and AGENTS.md'),
  allowed_commands: z.array(z.string()).optional(),
  resources: z
    .object({ memory_mb: z.int().optional(), cpus: z.number().optional(), pids: z.int().optional() })
    .optional(),
  repo: workerRepo.optional(),
  agent_config: z.string().optional().describe("For custom: the name of a command in the operator's configuration"),
});
export type WorkerConfig = z.infer<typeof workerConfig>;

/** Creates a worker. Its id is `w-<request_id>`. */
export const createWorkerCommand = queueMeta.extend({
  command: z.literal('create').default('create'),
  request_id: z.string(),
  config: workerConfig,
  context: z.record(z.string(), z.string()).default({}).describe('task_id, project_id, epoch of the work'),
});
/** Sends a prompt to a worker and answers with the turn's text. */
export const sendMessageCommand = queueMeta.extend({
  command: z.literal('send_message').default('send_message'),
  request_id: z.string(),
  worker_id: z.string(),
  message: z.string(),
  timeout: z.int().default(1800).describe('Seconds'),
});
/** Writes a file inside a worker. */
export const sendFileCommand = queueMeta.extend({
  command: z.literal('send_file').default('send_file'),
  request_id: z.string(),
  worker_id: z.string(),
  path: z.string().describe('Inside the worker'),
  content: z.string(),
});
/** Stops a worker and removes it. */
export const deleteWorkerCommand = queueMeta.extend({
  command: z.literal('delete').default('delete'),
  request_id: z.string(),
  worker_id: z.string(),
});
/** Asks how a worker is. */
export const workerStatusCommand = queueMeta.extend({
  command: z.literal('status').default('status'),
  request_id: z.string(),
  worker_id: z.string(),
});
/** Every command of worker:commands, told apart by `command`. */
export const workerCommand = z.discriminatedUnion('command', [
  createWorkerCommand,
  sendMessageCommand,
  sendFileCommand,
  deleteWorkerCommand,
  workerStatusCommand,
]);

export type CreateWorkerCommand = z.infer<typeof createWorkerCommand>;
export type SendMessageCommand = z.infer<typeof sendMessageCommand>;
export type SendFileCommand = z.infer<typeof sendFileCommand>;
export type DeleteWorkerCommand = z.infer<typeof deleteWorkerCommand>;
export type WorkerStatusCommand = z.infer<typeof workerStatusCommand>;
export type WorkerCommand = z.infer<typeof workerCommand>;

export const createWorkerResponse = z.object({
  request_id: z.string(),
  success: z.boolean(),
  worker_id: nullable(z.string()),
  error: nullable(z.string()),
});
export const sendMessageResponse = z.object({
  request_id: z.string(),
  success: z.boolean(),
  response: nullable(z.string()),
  error: nullable(z.string()),
});
export const deleteWorkerResponse = z.object({
  request_id: z.string(),
  success: z.boolean(),
  error: nullable(z.string()),
});
export const sendFileResponse = deleteWorkerResponse.extend({});
export const workerStatus = z.enum(['starting', 'idle', 'busy', 'stopped', 'lost']);
export const workerStatusResponse = z.object({
  request_id: z.string(),
  success: z.boolean(),
  status: nullable(workerStatus),
  error: nullable(z.string()),
});
/** Any answer on worker:responses; which one it is follows from the request it answers. */
export const workerResponse = z.object({
  request_id: z.string(),
  success: z.boolean(),
  worker_id: z.string().nullish(),
  response: z.string().nullish(),
  status: workerStatus.nullish(),
  error: nullable(z.string()),
});
export type CreateWorkerResponse = z.infer<typeof createWorkerResponse>;
export type SendMessageResponse = z.infer<typeof sendMessageResponse>;
export type DeleteWorkerResponse = z.infer<typeof deleteWorkerResponse>;
export type SendFileResponse = z.infer<typeof sendFileResponse>;
export type WorkerStatusResponse = z.infer<typeof workerStatusResponse>;
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
