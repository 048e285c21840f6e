import { z } from 'zod';
import { baseResult, nullable, queueMeta, systemFault } from '../base.js';
import { wireTimestamp } from '../datetime.js';
import { defineQueue } from '../define-queue.js';
import type { WorkerLifecycleEvent } from './worker-lifecycle.js';

/** One turn for a worker's agent. */
export const workerInput = queueMeta
  .extend({
    request_id: z.string().describe('Id of the turn; its answer repeats it'),
    prompt: z.string().describe('The prompt, verbatim'),
    timeout: z.int().default(1800).describe('Maximum duration of the turn in seconds'),
    session_id: nullable(z.string()).describe('The agent session to continue; null for a new one'),
    task_id: nullable(z.string()).describe('The task that the turn belongs to'),
    project_id: nullable(z.string()).describe('The project that the turn belongs to'),
    user_id: nullable(z.int()).describe('Telegram id of the requester; 0: none'),
    epoch: z.int().default(0).describe("The task's epoch when the turn was sent; the answer repeats it"),
    callback_stream: z.string().nullish().describe('Stream for progress events'),
  })
  .describe("One turn for a worker's agent.");
export type WorkerInput = z.infer<typeof workerInput>;

/** Cost of a turn. */
export const usage = z
  .object({
    input_tokens: z.int().optional().describe('Tokens that the agent read'),
    output_tokens: z.int().optional().describe('Tokens that the agent wrote'),
    cost_usd: z.number().optional().describe('Cost in US dollars'),
  })
  .describe('Cost of a turn, as reported by the agent.');
export type Usage = z.infer<typeof usage>;

/** Why a developer turn failed. `worker_lost`: the worker died unexpectedly. */
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

/** Result of a developer turn, sent by the worker or by worker-manager. */
export const developerWorkerOutput = baseResult
  .extend({
    task_id: nullable(z.string()).describe('The task that the turn belongs to'),
    worker_id: z.string().describe('The worker that ran the turn'),
    epoch: z.int().default(0).describe("Epoch of the turn's input; ignored if older than the task's epoch"),
    commit_sha: nullable(z.string()).describe('The pushed commit, read from git'),
    branch: nullable(z.string()).describe('The pushed branch, read from git'),
    files_changed: nullable(z.array(z.string())).describe('Paths changed since the start of the turn, read from git'),
    summary: nullable(z.string()).describe('Summary written by the agent'),
    usage: nullable(usage).describe('Cost of the turn, as reported by the agent'),
    reason: turnFailureReason.nullish().describe('Machine-readable reason of the failure'),
    exit_code: z.int().nullish().describe('Exit code of the agent'),
    system_fault: systemFault,
  })
  .describe('Result of a developer turn, sent by the worker or by worker-manager.');
export type DeveloperWorkerOutput = z.infer<typeof developerWorkerOutput>;

/** A message of a Product-Owner worker to its user. */
export const poWorkerOutput = z
  .object({
    request_id: z.string().describe('The turn that the message belongs to'),
    user_id: z.int().describe('Telegram id of the recipient; 0: none'),
    text: z.string().describe('Text of the message'),
    is_final: z.boolean().default(true).describe('Whether this is the last message of the turn'),
    timestamp: wireTimestamp('When it was sent'),
  })
  .describe('A message of a Product-Owner worker to its user.');
export type POWorkerOutput = z.infer<typeof poWorkerOutput>;

/** A log line of a worker or its agent. */
export const workerLogLine = z
  .object({
    worker_id: z.string().describe('The worker'),
    request_id: nullable(z.string()).describe('The turn that wrote it; null outside a turn'),
    source: z.enum(['agent', 'wrapper']).describe('agent: output of the agent; wrapper: log of the worker-wrapper'),
    text: z.string().describe('One line without its line break; secrets are redacted, long lines are cut'),
    timestamp: wireTimestamp('When it was written'),
  })
  .describe('A log line of a worker or its agent.');
export type WorkerLogLine = z.infer<typeof workerLogLine>;

export const workerInputs = defineQueue({
  stream: 'worker:{type}:{worker_id}:input',
  kind: 'work',
  model: 'WorkerInput',
  message: workerInput,
  group: 'worker-wrapper',
  producers: ['langgraph', 'telegram-bot', 'worker-manager'],
  consumers: ['worker-wrapper'],
  summary: 'Turns for a worker.',
});

export const developerOutput = defineQueue({
  stream: 'worker:developer:output',
  kind: 'work',
  model: 'DeveloperWorkerOutput',
  message: developerWorkerOutput,
  group: 'langgraph',
  producers: ['worker-wrapper', 'worker-manager'],
  consumers: ['langgraph'],
  summary: 'Results of developer turns.',
});

export const poOutput = defineQueue({
  stream: 'worker:po:{worker_id}:output',
  kind: 'log',
  model: 'POWorkerOutput',
  message: poWorkerOutput,
  producers: ['worker-wrapper'],
  consumers: ['telegram-bot', 'cli'],
  summary: 'Messages of a Product-Owner worker.',
  maxLength: 1000,
  expiresSeconds: 86_400,
});

export const workerLog = defineQueue({
  stream: 'worker:{worker_id}:log',
  kind: 'log',
  model: 'WorkerLogLine',
  message: workerLogLine,
  producers: ['worker-wrapper'],
  consumers: ['cli'],
  summary: 'Log lines of a worker and its agent; lines may be missing.',
  maxLength: 2000,
  expiresSeconds: 86_400,
});

/** Redis key that keeps a turn's answer for a day; answering the turn again repeats the first answer. */
export function workerResultKey(workerId: string, requestId: string): string {
  return `worker:result:${workerId}:${requestId}`;
}

/** Redis key that exists for a day after a worker was given up: the worker must stop, and its inputs are answered for it. */
export function workerGoneKey(workerId: string): string {
  return `worker:gone:${workerId}`;
}

/** Redis key that a worker renews while any of its processes runs; without it the worker is gone, or cut off from Redis. */
export function workerAliveKey(workerId: string): string {
  return `worker:alive:${workerId}`;
}

/** Whether a result and its lifecycle event belong to this turn of this worker: an agent may have forged them. */
export function isResultOf(
  { output, lifecycle }: { output: DeveloperWorkerOutput | POWorkerOutput; lifecycle: WorkerLifecycleEvent },
  turn: { readonly worker_id: string; readonly request_id: string },
): boolean {
  return (
    [output, lifecycle].every(({ request_id }) => request_id === turn.request_id) &&
    [output, lifecycle].every((one) => !('worker_id' in one) || one.worker_id === turn.worker_id)
  );
}
