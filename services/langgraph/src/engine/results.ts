import { type QueueContract, workerResponses } from '@codegen/contracts';
import { type RunningConsumer, runConsumer } from '@codegen/sdk/consumer';
import { currentPosition, type Logger, type Redis, readLog } from '@codegen/sdk/queue';
import type { ServiceKit } from '@codegen/sdk/service';
import { messageOf } from '@codegen/sdk/text';
import { isAway, pauseFor, sayWhatIsAway, untilBack } from './backoff.js';
import type { Driver } from './driver.js';
import type { ThreadInput } from './threads.js';
import type { WaitResult, Waits } from './waits.js';

interface ResultsOptions {
  redis: Redis;
  /** What the consumers of results have in common. */
  consumer: ServiceKit['consumer'] & { leaseMs: number; deadlineMs: number };
  waits: Waits;
  driver: Driver;
  /** The contract of what answers each step; every replica reads those in the same group. */
  answers: Readonly<Record<string, QueueContract>>;
  /** Told of an answer for a flow that has ended. */
  onStray(input: ThreadInput, answer: object): Promise<void>;
  logger: Logger;
}

/** Handlers may be cut short at a stop: what they had goes to a peer. */
export const HANDLER_GRACE_MS = 3000;

/**
 * Stores every result under its request id, then lets its thread go on. The entry is acknowledged once the result is
 * stored; one that nobody waits for, or not any more, is only acknowledged.
 */
export function consumeResults(options: ResultsOptions): RunningConsumer[] {
  const results = [...new Set(Object.values(options.answers))].filter(({ kind }) => kind === 'work');
  return results.map((contract) =>
    runConsumer({
      ...options.consumer,
      contract,
      concurrency: 16,
      handler: async (message, { signal }) => {
        await untilBack(async () => {
          const answer = message as { request_id: string };
          if (await storeAnswer(options, answer)) return;
          const input = await options.waits.inputOfEnded(answer.request_id);
          if (input) await options.onStray(input, answer);
        }, signal);
      },
      onDeadLetter: async (
        message,
        { requestId = (message as { request_id?: string } | undefined)?.request_id, error },
      ) => {
        if (requestId !== undefined) await storeRefusal(options, requestId, error);
      },
    }),
  );
}

/** Follows the log of worker responses from now on until aborted. What is missed, the sweep finds under its key. */
export async function followResponses(options: ResultsOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const from = await currentPosition(options.redis, workerResponses.stream);
      for await (const { message } of readLog(options.redis, workerResponses, { from, signal })) {
        await untilBack(async () => {
          if (message.success) await options.waits.begin(message.request_id);
          await storeAnswer(options, message);
        }, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      const text = messageOf(error);
      if (isAway(error)) sayWhatIsAway(options.logger, error, 'worker responses cannot be read now');
      else options.logger.error({ error: text }, 'reading worker responses failed');
      await pauseFor(1000, signal);
    }
  }
}

type Storing = Pick<ResultsOptions, 'waits' | 'driver' | 'logger'>;

/**
 * Stores one answer and nudges the thread that waits for it; false where nothing waits for it. An answer that the
 * database refuses ends its wait as a failure that says so, with what can be kept of it.
 */
export async function storeAnswer(options: Storing, message: { request_id: string }): Promise<boolean> {
  const { request_id } = message;
  try {
    return await store(options, request_id, { kind: 'answer', message });
  } catch (error) {
    if (isAway(error)) throw error;
    const why = messageOf(error);
    options.logger.error({ request_id, error: why }, 'an answer cannot be stored: its step fails');
    try {
      return await storeRefusal(options, request_id, `${why}. ${remainsOf(message)}`);
    } catch (again) {
      if (isAway(again)) throw again;
      return storeRefusal(options, request_id, why);
    }
  }
}

/** Ends the wait of an answer that came and cannot be used. */
export function storeRefusal(options: Storing, requestId: string, why: string): Promise<boolean> {
  const error = `an answer came that cannot be stored: ${why}`;
  return store(options, requestId, { kind: 'failed', reason: 'answer_not_stored', error });
}

async function store({ waits, driver, logger }: Storing, requestId: string, result: WaitResult): Promise<boolean> {
  const threadId = await waits.answer(requestId, result);
  if (threadId === undefined) logger.debug({ request_id: requestId }, 'a result that nothing waits for');
  else driver.nudge(threadId);
  return threadId !== undefined;
}

/** The short fields of an answer, as text: status, reason, where it ran. */
function remainsOf(message: object): string {
  const short = Object.entries(message).filter(([, value]) => {
    if (typeof value === 'string') return /^[\x20-\x7e]{1,200}$/.test(value);
    return typeof value === 'number' || typeof value === 'boolean';
  });
  return `It said: ${short.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}
