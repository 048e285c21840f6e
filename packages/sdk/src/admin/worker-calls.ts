import { randomUUID } from 'node:crypto';
import {
  type WorkerConfig,
  type WorkerRefusal,
  type WorkerResponse,
  type WorkerSummary,
  workerIdFor,
} from '@codegen/contracts';
import { type ErrorCode, OrchestratorError } from '../errors.js';
import type { QueueStore } from '../queue/store.js';
import { awaitResponse, sendCommand, type WorkerCommandInput } from './ask-manager.js';
import { requestIdFor } from './idempotency-key.js';

/** Milliseconds that worker-manager gets for what it does at once. */
const PROMPT_MS = 10_000;
/** Milliseconds in which a worker is started. */
const SPAWN_MS = 60_000;

/** How a call waits. */
export interface WorkerCallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the answer. */
  timeoutMs?: number | undefined;
}

/** How a call waits that changes something. */
export interface WorkerChangeOptions extends WorkerCallOptions {
  /** Makes a repeated call the same call, for a day. */
  idempotencyKey?: string | undefined;
  /** Called where an earlier call with the same key had done it: this one does nothing and gets that one's answer. */
  onReplay?: (() => void) | undefined;
}

/** A worker that was created. */
export interface CreatedWorker {
  worker_id: string;
  /** What the call is known by. */
  request_id: string;
  name: string;
}

/** A turn that was asked for, and its text. */
export interface WorkerTurn {
  worker_id: string;
  /** Names the turn: `answer` reads its text later. */
  request_id: string;
  /** Null where nobody waited for it. */
  response: string | null;
}

/** Creates a worker, and waits until it has started. */
export async function createWorker(
  store: QueueStore,
  config: WorkerConfig,
  { idempotencyKey, onReplay, timeoutMs = SPAWN_MS, signal }: WorkerChangeOptions,
): Promise<CreatedWorker> {
  const request_id = idOf('create', idempotencyKey);
  const worker_id = workerIdFor(request_id);
  const command = { command: 'create', request_id, config } as const;
  const options = { timeoutMs, signal, onReplay, isKeyed: idempotencyKey !== undefined };
  const response = await ask(store, command, options);
  const why = `${worker_id} has not started within ${timeoutMs} ms: it waits for a slot, or worker-manager is away`;
  if (!response) throw stillRunning(why, { worker_id, request_id });
  checkSuccess(response, 'the worker cannot be created');
  return { worker_id, request_id, name: config.name };
}

/** Every worker that there is. */
export async function listWorkers(store: QueueStore, options: WorkerCallOptions): Promise<WorkerSummary[]> {
  const response = await askAtOnce(store, { command: 'list', request_id: randomUUID() }, options);
  checkSuccess(response, 'the workers cannot be listed');
  return response.workers ?? [];
}

/** What `create` may name as `agent_config`; undefined where worker-manager is of an older release. */
export async function listAgents(store: QueueStore, options: WorkerCallOptions): Promise<string[] | undefined> {
  const response = await askAtOnce(store, { command: 'list', request_id: randomUUID() }, options);
  checkSuccess(response, 'the agents cannot be listed');
  return response.agents ?? undefined;
}

/** One worker; undefined details where it is gone already. */
export async function getWorker(
  store: QueueStore,
  worker_id: string,
  options: WorkerCallOptions,
): Promise<Pick<WorkerSummary, 'worker_id' | 'status'> & Partial<WorkerSummary>> {
  const response = await askAtOnce(store, { command: 'status', request_id: randomUUID(), worker_id }, options);
  checkSuccess(response, 'the worker cannot be asked');
  return response.workers?.[0] ?? { worker_id, status: response.status ?? 'stopped' };
}

/** Sends a prompt to a worker, and waits for the turn's text unless told not to. */
export async function sendToWorker(
  store: QueueStore,
  worker_id: string,
  message: string,
  {
    idempotencyKey,
    onReplay,
    timeoutMs,
    signal,
    wait,
    turnSeconds = 1800,
  }: WorkerChangeOptions & {
    wait: boolean;
    turnSeconds?: number | undefined;
  },
): Promise<WorkerTurn> {
  const request_id = idOf(worker_id, idempotencyKey);
  const command = { command: 'send_message', request_id, worker_id, message, timeout: turnSeconds } as const;
  const from = await sendCommand(store, command, { isKeyed: idempotencyKey !== undefined, onReplay });
  if (!wait) return { worker_id, request_id, response: null };
  return await readTurn(store, { worker_id, request_id, from, timeoutMs, signal });
}

/** The text of a turn that was asked for before, for an hour after its end. */
export async function readTurn(
  store: QueueStore,
  turn: { worker_id: string; request_id: string; from?: string } & WorkerCallOptions,
): Promise<WorkerTurn> {
  const { worker_id, request_id, from = '$', timeoutMs = 2 ** 31 - 1, signal } = turn;
  const response = await awaitResponse(store, request_id, { from, timeoutMs, signal });
  if (!response) throw stillRunning('the turn has not ended yet; it goes on', { worker_id, request_id });
  checkSuccess(response, 'the turn failed');
  return { worker_id, request_id, response: response.response ?? '' };
}

/** Writes a file inside a worker. */
export async function sendFileToWorker(
  store: QueueStore,
  worker_id: string,
  file: { path: string; content: string },
  { idempotencyKey, ...options }: WorkerChangeOptions,
): Promise<void> {
  const request_id = idOf(`${worker_id} ${file.path}`, idempotencyKey);
  const command = { command: 'send_file', request_id, worker_id, ...file } as const;
  const response = await askAtOnce(store, command, { ...options, isKeyed: idempotencyKey !== undefined });
  checkSuccess(response, 'the file cannot be written', 'VALIDATION_FAILED');
}

/** Ends a worker with all that it does. Fine where there is none. */
export async function deleteWorker(store: QueueStore, worker_id: string, options: WorkerCallOptions): Promise<void> {
  const command = { command: 'delete', request_id: randomUUID(), worker_id } as const;
  checkSuccess(await askAtOnce(store, command, { timeoutMs: SPAWN_MS, ...options }), 'the worker cannot be deleted');
}

function idOf(purpose: string, key: string | undefined): string {
  return key === undefined ? randomUUID() : requestIdFor(`worker ${purpose}`, key);
}

type AskOptions = WorkerCallOptions & { isKeyed?: boolean; onReplay?: (() => void) | undefined };

async function ask(store: QueueStore, command: WorkerCommandInput, options: AskOptions & { timeoutMs: number }) {
  const { isKeyed = false, onReplay, timeoutMs, signal } = options;
  const from = await sendCommand(store, command, { isKeyed, onReplay });
  return await awaitResponse(store, command.request_id, { from, timeoutMs, signal });
}

async function askAtOnce(store: QueueStore, command: WorkerCommandInput, options: AskOptions): Promise<WorkerResponse> {
  const { timeoutMs = PROMPT_MS } = options;
  const response = await ask(store, command, { ...options, timeoutMs });
  if (response) return response;
  throw new OrchestratorError('TIMEOUT', `worker-manager has not answered within ${timeoutMs} ms: check that it runs`);
}

const refusals = {
  unknown_worker: 'NOT_FOUND',
  unknown_agent: 'NOT_FOUND',
  not_allowed: 'FORBIDDEN',
  invalid: 'VALIDATION_FAILED',
} as const satisfies Record<WorkerRefusal, ErrorCode>;

function checkSuccess(
  response: WorkerResponse,
  what: string,
  code: 'WORKER_FAILED' | 'VALIDATION_FAILED' = 'WORKER_FAILED',
) {
  if (response.success) return;
  const requestId = response.request_id;
  const why = response.error ?? 'worker-manager does not say why';
  if (response.reason) throw new OrchestratorError(refusals[response.reason], why, { requestId });
  throw new OrchestratorError(code, `${what}: ${why}`, { requestId });
}

function stillRunning(text: string, details: { worker_id: string; request_id: string }): OrchestratorError {
  return new OrchestratorError('STILL_RUNNING', text, { details, requestId: details.request_id });
}

/** @throws OrchestratorError VALIDATION_FAILED for what cannot be the id of a worker */
export function checkWorkerId(id: string): void {
  if (/^[\w.-]{1,160}$/.test(id)) return;
  throw new OrchestratorError('VALIDATION_FAILED', 'ids of workers look like w-0198…: letters, digits, ".", "_", "-"');
}
