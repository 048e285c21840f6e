import {
  type MessageInput,
  type QueueContract,
  type WorkerResponse,
  workerCommands,
  workerResponseKey,
  workerResponses,
} from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';
import { recordedAnswer } from '../queue/answer.js';
import { pause } from '../queue/backoff.js';
import { publish } from '../queue/publish.js';
import { currentPosition, readLog } from '../queue/read-log.js';
import type { QueueStore } from '../queue/store.js';
import { timeLimit } from '../time-limit.js';
import { checkSameCall, KEY_WINDOW_MS } from './idempotency-key.js';

/** Milliseconds between two looks for an answer that the log did not bring: it may have been emptied, or trimmed. */
const LOOK_MS = 1000;

export type WorkerCommandInput = MessageInput<typeof workerCommands>;

/**
 * Sends a command to worker-manager, once however often it is sent, and gives the place in the log of responses after
 * which its answer comes.
 * @throws {OrchestratorError} IDEMPOTENCY_MISMATCH where its request id was used for another command
 */
export async function sendCommand(
  store: QueueStore,
  command: WorkerCommandInput,
  { isKeyed, onReplay }: { isKeyed: boolean; onReplay?: (() => void) | undefined },
): Promise<string> {
  const from = await currentPosition(store, workerResponses.stream);
  if (isKeyed) await checkSameCall(store, command.request_id, command);
  const dedupe = { windowMs: KEY_WINDOW_MS };
  const { duplicate = false } = await publish(store, workerCommands as QueueContract, command, { dedupe });
  if (duplicate) onReplay?.();
  return from;
}

/** Waits for the answer to a command; undefined where none came in time. */
export async function awaitResponse(
  store: QueueStore,
  requestId: string,
  { from, timeoutMs, signal }: { from: string; timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<WorkerResponse | undefined> {
  const found = new AbortController();
  const stop = () => found.abort();
  const limit = timeLimit(timeoutMs, signal, () => new Error('no answer in time'));
  limit.signal.addEventListener('abort', stop, { once: true });
  if (limit.signal.aborted) stop();
  try {
    const over = found.signal;
    const response = await Promise.race([inLog(store, requestId, from, over), underKey(store, requestId, over)]);
    signal?.throwIfAborted();
    return response;
  } finally {
    limit.release();
    stop();
  }
}

async function inLog(store: QueueStore, requestId: string, from: string, signal: AbortSignal) {
  for await (const { message } of readLog(store, workerResponses, { from, signal })) {
    if (message.request_id === requestId) return message;
  }
  return undefined;
}

async function underKey(store: QueueStore, requestId: string, signal: AbortSignal) {
  const key = workerResponseKey(requestId);
  while (!signal.aborted) {
    // Redis being away is no answer: the wait goes on.
    const answer = await recordedAnswer({ redis: store, key, contract: workerResponses }).catch((error: unknown) => {
      if (!(error instanceof OrchestratorError) || !error.retryable) throw error;
      return undefined;
    });
    if (answer) return answer;
    await pause(LOOK_MS, signal);
  }
  return undefined;
}
