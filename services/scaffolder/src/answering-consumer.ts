import type { MessageInput, MessageOf, QueueContract } from '@codegen/contracts';
import { type ConsumerOptions, type RunningConsumer, runConsumer } from '@codegen/sdk/consumer';
import { answerOnce, type Redis, recordedAnswer } from '@codegen/sdk/queue';

/** A day: longer than any sender goes on asking. */
const ANSWER_TTL_SECONDS = 24 * 3600;

/** A message that is answered; its `request_id` is what makes it the same one again. */
type Request<C extends QueueContract> = MessageOf<C> & { readonly request_id: string };

export interface AnsweringOptions<C extends QueueContract, R extends QueueContract> {
  readonly redis: Redis;
  readonly contract: C;
  readonly results: R;
  readonly consumer: Omit<ConsumerOptions<C>, 'contract' | 'handler' | 'onDeadLetter'>;
  readonly handle: (message: Request<C>) => Promise<MessageInput<R>>;
  /** Why the machine is at fault for an error, if it is, and the answer then: it is asked again later. */
  readonly fault: (error: unknown) => Promise<string | undefined>;
  readonly faulty: (message: Request<C>, fault: string) => MessageInput<R>;
  /** What the log calls the work. */
  readonly work: string;
  /** The answer when every try has failed. */
  readonly giveUp: (message: Request<C>, error: string) => Promise<MessageInput<R>>;
}

/** A consumer whose every request gets one answer, however often it is delivered and whatever becomes of it. */
export function runAnsweringConsumer<C extends QueueContract, R extends QueueContract>(
  options: AnsweringOptions<C, R>,
): RunningConsumer {
  const { redis, contract, results } = options;
  const { logger } = options.consumer;
  const answer = async (message: Request<C>, make: () => Promise<MessageInput<R>>) => {
    const key = `${contract.stream}:answer:${message.request_id}`;
    const known = (await recordedAnswer({ redis, key, contract: results })) as MessageInput<R> | undefined;
    const answered = known ?? (await make());
    await answerOnce({ redis, key, ttlSeconds: ANSWER_TTL_SECONDS, contract: results, message: answered });
    const { task_id, project_id } = message;
    const { status, error, duration_ms } = answered;
    if (!known) logger?.info({ task_id, project_id, status, error, duration_ms }, `${options.work} ended`);
  };
  return runConsumer({
    ...options.consumer,
    contract,
    handler: async (received) => {
      const message = received as Request<C>;
      await answer(message, () =>
        options.handle(message).catch(async (error: unknown) => {
          const fault = await options.fault(error);
          if (fault === undefined) throw error;
          return options.faulty(message, fault);
        }),
      );
    },
    onDeadLetter: async (received, { error }) => {
      // What could not be read names nobody to answer.
      if (received === undefined) return;
      const message = received as Request<C>;
      await answer(message, () => options.giveUp(message, error));
    },
  });
}
