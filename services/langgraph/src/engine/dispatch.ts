import { encodeEntry, type MessageInput, type QueueContract, queues, streamName } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';
import { type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { interrupt } from '@langchain/langgraph';
import { isAway, pauseFor, sayWhatIsAway } from './backoff.js';
import { LeaseLost } from './threads.js';
import type { NewWait, OutgoingMessage, WaitResult, Waits } from './waits.js';

export interface DispatchDeps {
  readonly redis: Redis;
  readonly waits: Waits;
  readonly logger: Logger;
  /** Milliseconds after which an unanswered message is sent again, if its stream entry is gone. */
  readonly resendAfterMs: number;
  /** The driver under which this process drives a thread, if it does. */
  driverOf(threadId: string): string | undefined;
}

/** A message with every default filled in, so that it can be sent again unchanged. */
export function outgoing<C extends QueueContract>(
  contract: C,
  message: MessageInput<C>,
  params: Record<string, string> = {},
): OutgoingMessage {
  return { queue: contract.stream, params, message: encodeEntry(contract, message).message };
}

/**
 * The first half of a step: writes the wait, then sends its messages. Run again, it sends nothing that was sent.
 * Gives false when the wait was there and its messages were out already.
 * With `patienceMs` a slow Redis holds nobody up longer: the messages go out when it answers.
 * @throws LeaseLost when another process drives the thread
 */
export async function dispatch(
  deps: DispatchDeps,
  threadId: string,
  wait: NewWait,
  { patienceMs }: { patienceMs?: number | undefined } = {},
): Promise<boolean> {
  const driver = deps.driverOf(threadId);
  if (driver === undefined) throw new LeaseLost(threadId);
  const { unsent } = await deps.waits.write(threadId, driver, wait, deps.resendAfterMs);
  if (!unsent) return false;
  const sending = send(deps.redis, wait.messages).then((entries) => deps.waits.sent(wait.requestId, entries));
  await (patienceMs === undefined ? sending : withPatience(sending, patienceMs, deps));
  return true;
}

/** Waits for what goes to Redis, but not long: it goes on meanwhile, or is lost with Redis. */
export async function withPatience(work: Promise<void>, ms: number, { logger }: Pick<DispatchDeps, 'logger'>) {
  const done = work.catch((error: unknown) => {
    if (!isAway(error)) throw error;
    sayWhatIsAway(logger, error, 'Redis takes nothing now: going on without');
  });
  // What fails after the patience was noted above, or is told by whoever looks next.
  done.catch(() => undefined);
  await Promise.race([done, pauseFor(ms)]);
}

/**
 * The second half of a step: stops the flow here until the wait has a result.
 * @throws {OrchestratorError} TASK_ENDED where the task has moved on without this flow
 */
export function awaitResult(requestId: string): Exclude<WaitResult, { kind: 'superseded' }> {
  const result = interrupt<{ request_id: string }, WaitResult>({ request_id: requestId });
  if (result.kind !== 'superseded') return result;
  throw new OrchestratorError('TASK_ENDED', 'the task was ended, or started again, by somebody else');
}

/** Adds messages to their streams, in order. */
export async function send(
  redis: Redis,
  messages: readonly OutgoingMessage[],
): Promise<{ stream: string; id: string }[]> {
  const entries: { stream: string; id: string }[] = [];
  for (const { queue, params, message } of messages) {
    const contract: QueueContract = contractOf(queue);
    const { entryId } = await publish(redis, contract, message as MessageInput<QueueContract>, { params });
    entries.push({ stream: streamName(contract, params), id: entryId });
  }
  return entries;
}

function contractOf(stream: string): QueueContract {
  const contract = queues.find((queue) => queue.stream === stream);
  if (!contract) throw new Error(`there is no queue ${stream}`);
  return contract;
}
