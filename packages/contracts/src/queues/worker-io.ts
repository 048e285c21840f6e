import { z } from 'zod';
import { baseResult, nullable, queueMeta, systemFault } from '../base.js';
import { wireTimestamp } from '../datetime.js';
import { defineQueue } from '../define-queue.js';
import type { WorkerLifecycleEvent } from './worker-lifecycle.js';

/** One turn for a worker's agent. */
export const workerInput = queueMeta
  .extend({
    request_id: z.string().describe('Names the turn; its answer carries the same'),
    prompt: z.string().describe('What the agent is asked, verbatim'),
    timeout: z.int().default(1800).describe('How long the turn may take, in seconds'),
    session_id: nullable(z.string()).describe('The agent session to continue; null for a new one'),
    task_id: nullable(z.string()).describe('The task that the turn belongs to'),
    project_id: nullable(z.string()).describe('The project that the turn belongs to'),
    user_id: nullable(z.int()).describe('Telegram id of the person who asks, 0 if there is none'),
    epoch: z.int().default(0).describe("The task's epoch when the turn was sent; the answer repeats it"),
    callback_stream: z.string().nullish().describe('Stream that progress events go to'),
  })
  .describe("One turn for a worker's agent.");
export type WorkerInput = z.infer<typeof workerInput>;

/** What a turn cost. */
export const usage = z
  .object({
    input_tokens: z.int().optional().describe('Tokens that the agent read'),
    output_tokens: z.int().optional().describe('Tokens that the agent wrote'),
    cost_usd: z.number().optional().describe('What it cost, in US dollars'),
  })
  .describe('What a turn cost, as far as the agent tells.');
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
export const developerWorkerOutput = baseResult
  .extend({
    task_id: nullable(z.string()).describe('The task that the turn belongs to'),
    worker_id: z.string().describe('The worker whose turn it was'),
    epoch: z.int().default(0).describe("The epoch of the turn's input; an older one than the task has is ignored"),
    commit_sha: nullable(z.string()).describe('The commit that was pushed, read from git'),
    branch: nullable(z.string()).describe('The branch that was pushed, read from git'),
    files_changed: nullable(z.array(z.string())).describe(
      'Paths that changed, read from git, against the start of the turn',
    ),
    summary: nullable(z.string()).describe('What the agent says it did'),
    usage: nullable(usage).describe('What the turn cost, as far as the agent tells'),
    reason: turnFailureReason.nullish().describe('Why the turn failed, machine-readable'),
    exit_code: z.int().nullish().describe('The exit code of the agent'),
    system_fault: systemFault,
  })
  .describe('How a developer turn ended, whoever found out.');
export type DeveloperWorkerOutput = z.infer<typeof developerWorkerOutput>;

/** What a Product-Owner worker says to its user. */
export const poWorkerOutput = z
  .object({
    request_id: z.string().describe('The turn that it answers'),
    user_id: z.int().describe('Telegram id of the person it is for, 0 if there is none'),
    text: z.string().describe('What the agent says'),
    is_final: z.boolean().default(true).describe('Whether this is the last text of the turn'),
    timestamp: wireTimestamp('When it was said'),
  })
  .describe('What a Product-Owner worker says to its user.');
export type POWorkerOutput = z.infer<typeof poWorkerOutput>;

/** A line that a worker or its agent wrote. */
export const workerLogLine = z
  .object({
    worker_id: z.string().describe('The worker'),
    request_id: nullable(z.string()).describe('The turn in which it was written; null outside of one'),
    source: z
      .enum(['agent', 'wrapper'])
      .describe('agent: what the agent printed; wrapper: what the worker itself has to tell'),
    text: z.string().describe('One line, without its end; secrets are redacted, a long one is cut'),
    timestamp: wireTimestamp('When it was written'),
  })
  .describe('A line that a worker or its agent wrote.');
export type WorkerLogLine = z.infer<typeof workerLogLine>;

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

export const workerLog = defineQueue({
  stream: 'worker:{worker_id}:log',
  kind: 'log',
  model: 'WorkerLogLine',
  message: workerLogLine,
  producers: ['worker-wrapper'],
  consumers: ['cli'],
  summary: 'What a worker and its agent wrote; lines may be missing.',
  maxLength: 2000,
  expiresSeconds: 86_400,
});

/** Key that holds a turn's answer for a day: whoever answers a turn again repeats the first answer. */
export function workerResultKey(workerId: string, requestId: string): string {
  return `worker:result:${workerId}:${requestId}`;
}

/** Key that is there, for a day, once a worker was given up: it may do nothing more, and its inputs are answered for it. */
export function workerGoneKey(workerId: string): string {
  return `worker:gone:${workerId}`;
}

/** Key that a worker renews while anything of it runs: without it, there is none, or one that cannot reach Redis. */
export function workerAliveKey(workerId: string): string {
  return `worker:alive:${workerId}`;
}

/** Whether a result, with the event that goes with it, is of one turn of one worker: an agent may have written it. */
export function isResultOf(
  { output, lifecycle }: { output: DeveloperWorkerOutput | POWorkerOutput; lifecycle: WorkerLifecycleEvent },
  turn: { readonly worker_id: string; readonly request_id: string },
): boolean {
  return (
    [output, lifecycle].every(({ request_id }) => request_id === turn.request_id) &&
    [output, lifecycle].every((one) => !('worker_id' in one) || one.worker_id === turn.worker_id)
  );
}
