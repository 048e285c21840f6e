import type { WorkerConfig, WorkerSummary } from '@codegen/contracts';
import { abortable } from '../abortable.js';
import type { RedisSession } from '../redis-session.js';
import type { CreatedWorker, WorkerCallOptions, WorkerChangeOptions, WorkerTurn } from './worker-calls.js';
import type { WorkerLogEntry, WorkerLogOptions } from './worker-log.js';

/**
 * Workers, through the worker-manager that serves them. Every call rejects with REDIS_REQUIRED without a Redis URL,
 * REDIS_UNAVAILABLE within seconds, NOT_FOUND for a worker that there is not, WORKER_FAILED with what worker-manager
 * says, TIMEOUT where it does not answer; an aborted signal ends it within 50 ms with its reason.
 */
export class WorkersClient {
  readonly #session: RedisSession;

  constructor(session: RedisSession) {
    this.#session = session;
  }

  /**
   * Creates a worker and waits until it has started, a minute by default.
   * @throws OrchestratorError STILL_RUNNING where it has not started in time: it may wait for a slot; IDEMPOTENCY_MISMATCH
   */
  async create(config: WorkerConfig, options: WorkerChangeOptions = {}): Promise<CreatedWorker> {
    const [{ createWorker }, store] = await this.#open(options.signal);
    return await abortable(createWorker(store, config, options), options.signal);
  }

  /** Every worker that there is, also those that wait for a slot. */
  async list(options: WorkerCallOptions = {}): Promise<WorkerSummary[]> {
    const [{ listWorkers }, store] = await this.#open(options.signal);
    return await abortable(listWorkers(store, options), options.signal);
  }

  /** What `create` may name as `agent_config`, by name; undefined where worker-manager is too old to say. */
  async agents(options: WorkerCallOptions = {}): Promise<string[] | undefined> {
    const [{ listAgents }, store] = await this.#open(options.signal);
    return await abortable(listAgents(store, options), options.signal);
  }

  /** One worker; of one that was deleted not long ago its id and the status `stopped`. */
  async get(
    workerId: string,
    options: WorkerCallOptions = {},
  ): Promise<Pick<WorkerSummary, 'worker_id' | 'status'> & Partial<WorkerSummary>> {
    const [{ getWorker }, store] = await this.#open(options.signal, workerId);
    return await abortable(getWorker(store, workerId, options), options.signal);
  }

  /**
   * Sends a prompt and waits for the turn's text, without a limit unless `timeoutMs` is given. `turnSeconds` is how long
   * the turn itself may take.
   * @throws OrchestratorError STILL_RUNNING after `timeoutMs`: the turn goes on, `answer` reads it; IDEMPOTENCY_MISMATCH
   */
  async send(
    workerId: string,
    message: string,
    { wait = true, ...options }: WorkerChangeOptions & { wait?: boolean; turnSeconds?: number | undefined } = {},
  ): Promise<WorkerTurn> {
    const [{ sendToWorker }, store] = await this.#open(options.signal, workerId);
    return await abortable(sendToWorker(store, workerId, message, { ...options, wait }), options.signal);
  }

  /** The text of a turn that `send` has asked for, also from elsewhere; kept for an hour after its end. */
  async answer(workerId: string, requestId: string, options: WorkerCallOptions = {}): Promise<WorkerTurn> {
    const [{ readTurn }, store] = await this.#open(options.signal, workerId);
    const turn = { worker_id: workerId, request_id: requestId, ...options };
    return await abortable(readTurn(store, turn), options.signal);
  }

  /** Writes a file inside a worker, below `repo/` or `home/`. @throws OrchestratorError VALIDATION_FAILED for another path */
  async sendFile(
    workerId: string,
    file: { path: string; content: string },
    options: WorkerChangeOptions = {},
  ): Promise<void> {
    const [{ sendFileToWorker }, store] = await this.#open(options.signal, workerId);
    await abortable(sendFileToWorker(store, workerId, file, options), options.signal);
  }

  /** What a worker and its agent wrote, oldest first; with `follow` also what they write from now on. */
  async *logs(workerId: string, options: WorkerLogOptions = {}): AsyncGenerator<WorkerLogEntry, void, undefined> {
    await checked(workerId);
    const { readWorkerLog } = await import('./worker-log.js');
    yield* readWorkerLog(await this.#session.store(options.signal), workerId, options);
  }

  /** Ends a worker with all that it does, and removes it. Fine where there is none. */
  async delete(workerId: string, options: WorkerCallOptions = {}): Promise<void> {
    const [{ deleteWorker }, store] = await this.#open(options.signal, workerId);
    await abortable(deleteWorker(store, workerId, options), options.signal);
  }

  async #open(signal: AbortSignal | undefined, workerId?: string) {
    if (workerId !== undefined) await checked(workerId);
    // Connected first: without a URL nothing else is loaded.
    const store = await this.#session.store(signal);
    return [await import('./worker-calls.js'), store] as const;
  }
}

/** What is no id of a worker is told without Redis. */
async function checked(workerId: string): Promise<void> {
  (await import('./worker-calls.js')).checkWorkerId(workerId);
}
