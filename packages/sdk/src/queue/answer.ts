import { type MessageInput, type MessageOf, type QueueContract, streamName } from '@codegen/contracts';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { openTelemetry } from './open-telemetry.js';
import { encoded, type Published } from './publish.js';
import { asUnavailable } from './redis-errors.js';
import { sendTraced } from './send-span.js';

export interface AnswerOptions<C extends QueueContract> {
  redis: QueueTarget;
  /** Where the answer is recorded, such as `deploy:result:{request_id}`. */
  key: string;
  /** Of the record; an hour by default. */
  ttlSeconds?: number;
  contract: C;
  message: MessageInput<C>;
  params?: Record<string, string>;
}

/**
 * Records an answer and adds it to the results stream, atomically. The first answer stands: a later call publishes the
 * recorded one again, whatever it brings, and returns it.
 * @throws {OrchestratorError} VALIDATION_FAILED, REDIS_UNAVAILABLE
 */
export async function answerOnce<C extends QueueContract>({
  redis,
  key,
  ttlSeconds = 3600,
  contract,
  message,
  params,
}: AnswerOptions<C>): Promise<Published<C> & { first: boolean }> {
  const stream = streamName(contract, params);
  const { fields, message: given } = encoded(contract, message);
  const { maxLength, expiresSeconds } = contract;
  try {
    const answer = { key, ttlSeconds, stream, data: fields.data, maxLength, expiresSeconds };
    const store = storeOf(redis);
    const loading = openTelemetry();
    const api = loading && (await loading);
    const { entryId, data, first } = api
      ? await sendTraced(api, { contract, stream, message: given }, (trace) => store.answerOnce({ ...answer, trace }))
      : await store.answerOnce(answer);
    return { entryId, message: JSON.parse(data) as MessageOf<C>, first };
  } catch (error) {
    throw asUnavailable(error, `answering on ${stream}`);
  }
}

/** The answer recorded under a key, or undefined. With a contract, one that does not fit it counts as none. */
export async function recordedAnswer<C extends QueueContract>(options: {
  redis: QueueTarget;
  key: string;
  contract: C;
}): Promise<MessageOf<C> | undefined>;
export async function recordedAnswer(options: { redis: QueueTarget; key: string }): Promise<unknown>;
export async function recordedAnswer({
  redis,
  key,
  contract,
}: {
  redis: QueueTarget;
  key: string;
  contract?: QueueContract;
}): Promise<unknown> {
  let text: string | undefined;
  try {
    text = await storeOf(redis).recordedAnswer(key);
  } catch (error) {
    throw asUnavailable(error, `reading ${key}`);
  }
  if (text === undefined) return undefined;
  const answer = parsed(text);
  return contract ? contract.message.safeParse(answer).data : answer;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
