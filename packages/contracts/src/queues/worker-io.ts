import { z } from 'zod';
import { baseResult, nullable, queueMeta } from '../base.js';
import { wireDatetime, wireNow } from '../datetime.js';
import { defineQueue } from '../define-queue.js';

/** One turn for a worker's agent. */
export const workerInput = queueMeta.extend({
  request_id: z.string(),
  prompt: z.string(),
  timeout: z.int().default(1800).describe('Seconds the turn may take'),
  session_id: nullable(z.string()).describe('The agent session to continue'),
  task_id: nullable(z.string()),
  project_id: nullable(z.string()),
  user_id: nullable(z.int()),
  epoch: z.int().default(0),
  callback_stream: z.string().nullish().describe('Stream for progress events'),
});
export type WorkerInput = z.infer<typeof workerInput>;

/** What a turn cost. */
export const usage = z.object({
  input_tokens: z.int().optional(),
  output_tokens: z.int().optional(),
  cost_usd: z.number().optional(),
});
export type Usage = z.infer<typeof usage>;

/** Why a developer turn failed. `worker_lost`: the worker died without a word. */
export const turnFailureReason = z.enum([
  'agent_failed',
  'timeout',
  'no_changes',
  'worker_lost',
  'spawn_failed',
  'clone_failed',
  'push_failed',
  'cancelled',
  'oom',
  'unknown_agent',
  'tests_failed',
]);
export type TurnFailureReason = z.infer<typeof turnFailureReason>;

/** How a developer turn ended, whoever found out. */
export const developerWorkerOutput = baseResult.extend({
  task_id: nullable(z.string()),
  worker_id: z.string(),
  epoch: z.int().default(0),
  commit_sha: nullable(z.string()).describe('Read from git'),
  branch: nullable(z.string()).describe('Read from git'),
  files_changed: nullable(z.array(z.string())).describe('Read from git, against the start of the turn'),
  summary: nullable(z.string()).describe('What the agent says it did'),
  usage: nullable(usage),
  reason: turnFailureReason.nullish(),
  exit_code: z.int().nullish().describe('Of the agent'),
});
export type DeveloperWorkerOutput = z.infer<typeof developerWorkerOutput>;

/** What a Product-Owner worker says to its user. */
export const poWorkerOutput = z.object({
  request_id: z.string(),
  user_id: z.int(),
  text: z.string(),
  is_final: z.boolean().default(true),
  timestamp: wireDatetime.default(wireNow),
});
export type POWorkerOutput = z.infer<typeof poWorkerOutput>;

export const workerInputs = defineQueue({
  stream: 'worker:{type}:{worker_id}:input',
  kind: 'work',
  model: 'WorkerInput',
  message: workerInput,
  group: 'worker-wrapper',
  producers: ['langgraph', 'telegram-bot', 'worker-manager'],
  consumers: ['worker-wrapper'],
  summary: "A worker's turns.",
});

export const developerOutput = defineQueue({
  stream: 'worker:developer:output',
  kind: 'work',
  model: 'DeveloperWorkerOutput',
  message: developerWorkerOutput,
  group: 'langgraph',
  producers: ['worker-wrapper', 'worker-manager'],
  consumers: ['langgraph'],
  summary: 'Every way a developer turn can end.',
});

export const poOutput = defineQueue({
  stream: 'worker:po:{worker_id}:output',
  kind: 'log',
  model: 'POWorkerOutput',
  message: poWorkerOutput,
  producers: ['worker-wrapper'],
  consumers: ['telegram-bot', 'cli'],
  summary: 'What a Product-Owner worker says.',
  maxLength: 1000,
  expiresSeconds: 86_400,
});

/** Key that holds a turn's answer for a day: whoever answers a turn again repeats the first answer. */
export function workerResultKey(workerId: string, requestId: string): string {
  return `worker:result:${workerId}:${requestId}`;
}
