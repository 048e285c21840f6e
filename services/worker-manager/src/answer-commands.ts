import { type WorkerResponse, workerResponseKey, workerResponses } from '@codegen/contracts';
import { answerOnce } from '@codegen/sdk/consumer';
import type { Redis } from '@codegen/sdk/queue';

/** Answers a command on worker:responses and under its key; a command that was answered before gets the same again. */
export async function respond(
  redis: Redis,
  response: { request_id: string; success: boolean } & Partial<WorkerResponse>,
): Promise<void> {
  const key = workerResponseKey(response.request_id);
  await answerOnce({ redis, key, contract: workerResponses, message: response });
}

const ASKED_SECONDS = 86_400;

/** Remembers that a turn answers a send_message command. */
export async function rememberAsked(redis: Redis, requestId: string, timeoutSeconds: number): Promise<void> {
  await redis.set(askedKey(requestId), '1', 'EX', Math.min(timeoutSeconds, ASKED_SECONDS) + ASKED_SECONDS);
}

/** Answers the send_message command that a turn belongs to, if it belongs to one. */
export async function answerAsked(
  redis: Redis,
  requestId: string,
  how: { success: boolean; response?: string | null; error?: string | null },
): Promise<void> {
  if ((await redis.exists(askedKey(requestId))) === 0) return;
  await respond(redis, { request_id: requestId, ...how });
  await redis.del(askedKey(requestId));
}

function askedKey(requestId: string): string {
  return `worker:asked:${requestId}`;
}
