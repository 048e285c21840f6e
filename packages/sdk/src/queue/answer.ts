import { type MessageInput, type MessageOf, type QueueContract, streamName } from '@codegen/contracts';
import type { Redis } from 'ioredis';
import { answerOnceScript } from './lua/answer-once.js';
import { encoded, type Published } from './publish.js';
import { asUnavailable } from './redis-errors.js';
import { runScript } from './script.js';

export interface AnswerOptions<C extends QueueContract> {
  redis: Redis;
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
  const { fields } = encoded(contract, message);
  const args = [ttlSeconds, contract.maxLength ?? 0, contract.expiresSeconds ?? 0, fields.data];
  try {
    const reply = (await runScript(redis, answerOnceScript, [key, stream], args)) as [string, string, number];
    const [entryId, answer, first] = reply;
    return { entryId, message: JSON.parse(answer) as MessageOf<C>, first: first === 1 };
  } catch (error) {
    throw asUnavailable(error, `answering on ${stream}`);
  }
}

/** The answer recorded under a key, or undefined. With a contract, one that does not fit it counts as none. */
export async function recordedAnswer<C extends QueueContract>(options: {
  redis: Redis;
  key: string;
  contract: C;
}): Promise<MessageOf<C> | undefined>;
export async function recordedAnswer(options: { redis: Redis; key: string }): Promise<unknown>;
export async function recordedAnswer({
  redis,
  key,
  contract,
}: {
  redis: Redis;
  key: string;
  contract?: QueueContract;
}): Promise<unknown> {
  let text: string | null;
  try {
    text = await redis.get(key);
  } catch (error) {
    throw asUnavailable(error, `reading ${key}`);
  }
  if (text === null) return undefined;
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
