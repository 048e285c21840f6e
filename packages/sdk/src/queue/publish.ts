import {
  type EntryFields,
  encodeEntry,
  type MessageInput,
  type MessageOf,
  type QueueContract,
  streamName,
} from '@codegen/contracts';
import { currentMessage } from '../current-message.js';
import { OrchestratorError } from '../errors.js';
import { type QueueTarget, storeOf } from './connect-queue.js';
import { checkRemembered, type Remembered } from './idempotency.js';
import { openTelemetry } from './open-telemetry.js';
import { asUnavailable } from './redis-errors.js';
import { sendTraced } from './send-span.js';
import type { QueueStore } from './store.js';

export interface PublishOptions {
  /** For the `{…}` in the stream's name. */
  params?: Record<string, string>;
  /** Another stream than the contract's. */
  stream?: string;
  /**
   * Adds nothing where an entry of the same `request_id` was added within the window, for a caller who did not get the
   * answer and calls again with the id it gave. Costs nearly half of the throughput.
   */
  dedupe?: Remembered;
}

/** What was published: the entry's id and the message with every default filled in. */
export interface Published<C extends QueueContract> {
  entryId: string;
  message: MessageOf<C>;
  /** With `dedupe`: nothing was added, `entryId` is that of the first entry. */
  duplicate?: true;
}

/**
 * Checks a message against its contract and adds it to the stream; a log is trimmed and expires.
 * One without a `correlation_id` gets that of the message being handled, if its contract has the field.
 * May be called again with the same `request_id` after a failure: consumers take it for the same message.
 * @throws {OrchestratorError} VALIDATION_FAILED where the message does not fit; REDIS_UNAVAILABLE within about 5 seconds
 * @throws {TypeError} where `dedupe` is given for a log or for messages without a `request_id`
 */
export async function publish<C extends QueueContract>(
  queue: QueueTarget,
  contract: C,
  message: MessageInput<C>,
  { params, stream = streamName(contract, params), dedupe }: PublishOptions = {},
): Promise<Published<C>> {
  if (dedupe) checkRemembered(contract, dedupe);
  const { fields, message: complete } = encoded(contract, message);
  try {
    const store = storeOf(queue);
    const loading = openTelemetry();
    const api = loading && (await loading);
    const add = async (trace?: EntryFields): Promise<Published<C>> => ({
      ...(await append(store, contract, stream, trace ? { ...fields, ...trace } : fields, complete, dedupe)),
      message: complete,
    });
    return api ? await sendTraced(api, { contract, stream, message: complete }, add) : await add();
  } catch (error) {
    throw asUnavailable(error, `publishing to ${stream}`);
  }
}

async function append(
  store: QueueStore,
  contract: QueueContract,
  stream: string,
  fields: EntryFields,
  message: { request_id?: unknown },
  dedupe: Remembered | undefined,
): Promise<{ entryId: string; duplicate?: true }> {
  if (dedupe) {
    const request = { requestId: dedupe.key ?? String(message.request_id), windowMs: dedupe.windowMs };
    const { entryId, first } = await store.appendOnce(stream, fields, request);
    return first ? { entryId } : { entryId, duplicate: true };
  }
  const isLog = contract.kind === 'log';
  return { entryId: await (isLog ? store.appendLog(stream, fields, contract) : store.append(stream, fields)) };
}

/**
 * The entry of a message, which inherits the correlation id of what is being handled.
 * @throws {OrchestratorError} VALIDATION_FAILED, naming each field that does not fit
 */
export function encoded<C extends QueueContract>(contract: C, message: MessageInput<C>) {
  try {
    return encodeEntry(contract, correlated(contract, message));
  } catch (error) {
    const issues = issuesOf(error);
    if (issues) {
      const text = issues.map((issue) => `${issue.path}: ${issue.message}`).join('; ');
      throw new OrchestratorError('VALIDATION_FAILED', `${contract.model} does not fit its contract: ${text}`, {
        details: issues,
        cause: error,
      });
    }
    if (error instanceof TypeError) throw new OrchestratorError('VALIDATION_FAILED', error.message, { cause: error });
    throw error;
  }
}

function correlated<C extends QueueContract>(contract: C, message: MessageInput<C>): MessageInput<C> {
  const correlation_id = currentMessage()?.correlation_id;
  if (correlation_id === undefined || !takesCorrelation(contract)) return message;
  if ((message as { correlation_id?: unknown }).correlation_id !== undefined) return message;
  return { ...message, correlation_id };
}

function takesCorrelation({ message }: QueueContract): boolean {
  const options = 'options' in message ? message.options : [message];
  return options.every(({ shape }) => 'correlation_id' in shape);
}

function issuesOf(error: unknown): { path: string; message: string }[] | undefined {
  if (!(error instanceof Error) || !('issues' in error)) return undefined;
  const issues = error.issues as { path: PropertyKey[]; message: string }[];
  return issues.map(({ path, message }) => ({ path: path.map(String).join('.') || 'message', message }));
}
