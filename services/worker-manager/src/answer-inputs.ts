import {
  type DeveloperWorkerOutput,
  deadLetterStream,
  decodeEntry,
  developerOutput,
  developerWorkerOutput,
  isResultOf,
  type POWorkerOutput,
  poOutput,
  poWorkerOutput,
  streamName,
  type TurnFailureReason,
  type WorkerInput,
  type WorkerLifecycleEvent,
  type WorkerType,
  workerInputs,
  workerLifecycle,
  workerLifecycleEvent,
  workerResultKey,
} from '@codegen/contracts';
import { answerOnce } from '@codegen/sdk/consumer';
import { FileError, parseFile } from '@codegen/sdk/files';
import { publish, type Redis } from '@codegen/sdk/queue';
import { answerAsked } from './answer-commands.js';
import type { Manager } from './manager.js';

/** Whose inputs are answered. */
export interface SilentWorker {
  readonly worker_id: string;
  readonly worker_type: WorkerType;
  /** What the create command said of the work. */
  readonly context: Readonly<Record<string, string>>;
}

/** Why a turn is not had. */
export interface TurnFailure {
  readonly reason: TurnFailureReason;
  readonly error: string;
  /** Where the machine is at fault. */
  readonly system_fault?: string | undefined;
}

/** A turn that has ended, as its wrapper keeps it. */
interface TurnRecord {
  readonly output: DeveloperWorkerOutput | POWorkerOutput;
  readonly lifecycle: WorkerLifecycleEvent;
}

const PAGE = 100;
const KEEP_ANSWERS_SECONDS = 86_400;
const KEEP_DEAD_LETTERS_SECONDS = 7 * 86_400;

/**
 * Answers every turn that a dead worker was given and has not answered, pending or undelivered, and takes it out of
 * the stream. A turn that the worker did answer gets that answer again.
 */
export async function answerInputs(redis: Redis, worker: SilentWorker, failure: TurnFailure): Promise<number> {
  const stream = inputStream(worker);
  for (let answered = 0; ; ) {
    const entries = await redis.xrange(stream, '-', '+', 'COUNT', PAGE);
    if (entries.length === 0) return answered;
    for (const [id, flat] of entries) {
      const decoded = decodeEntry(workerInputs, fieldsOf(flat));
      const input = decoded.ok ? decoded.message : decoded.requestId && { request_id: decoded.requestId };
      if (input) await answerInput(redis, worker, input, failure);
      await redis.xack(stream, workerInputs.group as string, id);
      await redis.xdel(stream, id);
      answered += 1;
    }
  }
}

/** Removes the input stream of a worker that is deleted; its dead letters stay for a week. */
export async function removeInputs(redis: Redis, worker: Omit<SilentWorker, 'context'>): Promise<void> {
  const stream = inputStream(worker);
  await redis.del(stream);
  await redis.expire(deadLetterStream(stream), KEEP_DEAD_LETTERS_SECONDS);
}

async function answerInput(
  redis: Redis,
  worker: SilentWorker,
  input: Pick<WorkerInput, 'request_id'> & Partial<WorkerInput>,
  { reason, error, system_fault }: TurnFailure,
): Promise<void> {
  const { worker_id, context } = worker;
  const { request_id } = input;
  const record = { redis, key: workerResultKey(worker_id, request_id), ttlSeconds: KEEP_ANSWERS_SECONDS };
  if (worker.worker_type === 'po') {
    const text = `The assistant's worker is not there any more (${reason}): ${error}`;
    const message = { request_id, user_id: input.user_id ?? 0, text };
    const answer = await answerOnce({ ...record, contract: poOutput, params: { worker_id }, message });
    const how = answer.first ? { success: false, error } : { success: true, response: answer.message.text };
    await answerAsked(redis, request_id, how);
    return;
  }
  const { message } = await answerOnce({
    ...record,
    contract: developerOutput,
    message: {
      request_id,
      status: 'failed',
      error,
      reason,
      system_fault,
      worker_id,
      task_id: input.task_id ?? context.task_id ?? null,
      epoch: input.epoch || Number(context.epoch) || 0,
    },
  });
  await answerAsked(redis, request_id, {
    success: message.status === 'success',
    response: message.summary,
    error: message.error,
  });
}

/**
 * Publishes the results that a dead worker had ready and could not deliver. Its agent could write there too: what is no
 * result is left out, with a warning.
 */
export async function deliverOutbox(
  redis: Redis,
  worker: SilentWorker,
  { runtime, logger }: Pick<Manager, 'runtime' | 'logger'>,
): Promise<void> {
  const { worker_id } = worker;
  const unusable = (error: string) => logger.warn({ worker_id, error }, 'what a lost worker left is no result');
  for await (const entry of runtime.outbox(worker_id)) {
    const turn = 'content' in entry ? turnIn(entry, worker) : entry;
    if ('problem' in turn) unusable(turn.problem);
    else if (await isOwn(redis, worker, turn)) await deliver(redis, worker, turn);
    else unusable(`${entry.name} is of a turn that the worker was not given`);
  }
  await runtime.emptyOutbox(worker_id);
}

function turnIn(
  { name, content }: { name: string; content: string },
  { worker_type }: SilentWorker,
): TurnRecord | { problem: string } {
  let value: { output?: unknown; lifecycle?: unknown } | null;
  try {
    value = parseFile(name, 'JSON', content, JSON.parse) as typeof value;
  } catch (error) {
    if (error instanceof FileError) return { problem: error.message };
    throw error;
  }
  const output = (worker_type === 'developer' ? developerWorkerOutput : poWorkerOutput).safeParse(value?.output);
  const lifecycle = workerLifecycleEvent.safeParse(value?.lifecycle);
  if (output.success && lifecycle.success) return { output: output.data, lifecycle: lifecycle.data };
  return { problem: `${name} is not the result of a turn` };
}

/** Whether a result is of a turn that the worker was given and that is not done with: another's is not its to tell. */
async function isOwn(redis: Redis, worker: SilentWorker, turn: TurnRecord): Promise<boolean> {
  const { request_id } = turn.output;
  if (!isResultOf(turn, { worker_id: worker.worker_id, request_id })) return false;
  const entries = await redis.xrange(inputStream(worker), '-', '+');
  return entries.some(([, flat]) => {
    const decoded = decodeEntry(workerInputs, fieldsOf(flat));
    return request_id === (decoded.ok ? decoded.message.request_id : decoded.requestId);
  });
}

async function deliver(redis: Redis, { worker_id, worker_type }: SilentWorker, { output, lifecycle }: TurnRecord) {
  const key = workerResultKey(worker_id, output.request_id);
  const record = { redis, key, ttlSeconds: KEEP_ANSWERS_SECONDS };
  if (worker_type === 'developer') {
    await answerOnce({ ...record, contract: developerOutput, message: output as DeveloperWorkerOutput });
  } else {
    await answerOnce({ ...record, contract: poOutput, params: { worker_id }, message: output as POWorkerOutput });
  }
  await publish(redis, workerLifecycle, lifecycle);
}

function fieldsOf(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])));
}

function inputStream({ worker_id, worker_type }: Omit<SilentWorker, 'context'>): string {
  return streamName(workerInputs, { type: worker_type, worker_id });
}
