import type { MessageInput, MessageOf, QueueContract } from '@codegen/contracts';
import { answerOnce, recordedAnswer } from '../queue/answer.js';
import { silentLogger } from '../queue/logger.js';
import { oneAtATime } from './one-at-a-time.js';
import type { ConsumerOptions, HandlerContext, RunningConsumer } from './options.js';
import { runConsumer } from './run-consumer.js';

/** A day: longer than any sender goes on asking. */
const ANSWER_TTL_SECONDS = 24 * 3600;

/** A message that is answered; its `request_id` is what makes it the same one again. */
type Request<C extends QueueContract> = MessageOf<C> & { readonly request_id: string };

export interface AnsweringOptions<C extends QueueContract, R extends QueueContract>
  extends Omit<ConsumerOptions<C>, 'handler' | 'onDeadLetter' | 'redisUrl'> {
  readonly queue: NonNullable<ConsumerOptions<C>['queue']>;
  /** Where answers go. */
  readonly results: R;
  /** What the log calls the work: one line of the level info at the end of each. */
  readonly work: string;
  /** Where the answer to a request is recorded; `{stream}:answer:{request_id}` by default. */
  readonly answerKey?: (requestId: string) => string;
  /** Of the record; a day by default. */
  readonly answerTtlSeconds?: number;
  /** Does the work and gives the answer. What it throws is handled as an error of a consumer's handler. */
  readonly handle: (message: Request<C>, context: HandlerContext) => Promise<MessageInput<R>>;
  /** The answer to work that failed: every try did, or the machine is at fault. */
  readonly failed: (message: Request<C>, error: string) => MessageInput<R>;
  /** The same where the message could not be read, but names its request. Without it, that gets no answer. */
  readonly unread?: (requestId: string, error: string) => MessageInput<R>;
  /** Why the machine is at fault for an error, if it is: that is the answer then, as `system_fault`, so that it is asked again later. */
  readonly fault?: (error: unknown) => Promise<string | undefined>;
  /** Called before a request is answered that no try could serve. */
  readonly onGivenUp?: (message: Request<C>, error: string) => Promise<void>;
  /** Runs work after other work that it must not meet; the entries of one request, one after the other, by default. */
  readonly inOrder?: <T>(message: Request<C>, work: () => Promise<T>) => Promise<T>;
}

/**
 * A consumer whose every request gets one answer, however often it is delivered and whatever becomes of it: the first
 * one is recorded, goes to the results, and goes there again when the request comes again.
 */
export function runAnsweringConsumer<C extends QueueContract, R extends QueueContract>(
  options: AnsweringOptions<C, R>,
): RunningConsumer {
  const { results, work, handle, failed, unread, fault, onGivenUp, ...consumer } = options;
  const { queue, contract, logger = silentLogger, answerTtlSeconds: ttlSeconds = ANSWER_TTL_SECONDS } = options;
  const { answerKey = (requestId) => `${contract.stream}:answer:${requestId}` } = options;
  const ofOneRequest = oneAtATime();
  const { inOrder = (message, run) => ofOneRequest(message.request_id, run) } = options;

  const answer = async (request: Request<C> | { request_id: string }, make: () => Promise<MessageInput<R>>) => {
    const key = answerKey(request.request_id);
    const known = (await recordedAnswer({ redis: queue, key, contract: results })) as MessageInput<R> | undefined;
    const message = known ?? (await make());
    await answerOnce({ redis: queue, key, ttlSeconds, contract: results, message });
    if (known) return;
    const { task_id, project_id } = request as { task_id?: unknown; project_id?: unknown };
    const { status, error, duration_ms } = message as Record<string, unknown>;
    logger.info({ task_id, project_id, status, error, duration_ms }, `${work} ended`);
  };
  return runConsumer({
    ...consumer,
    handler: async (received, context) => {
      const message = received as Request<C>;
      await inOrder(message, async () => {
        context.signal.throwIfAborted();
        await answer(message, () =>
          handle(message, context).catch(async (error: unknown) => {
            const text = await fault?.(error);
            if (text === undefined) throw error;
            return { ...failed(message, text), system_fault: text };
          }),
        );
      });
    },
    onDeadLetter: async (received, { requestId, error }) => {
      if (received !== undefined) {
        const message = received as Request<C>;
        await answer(message, async () => {
          await onGivenUp?.(message, error);
          return failed(message, error);
        });
      } else if (requestId !== undefined && unread) {
        await answer({ request_id: requestId }, async () => unread(requestId, error));
      }
    },
  });
}
