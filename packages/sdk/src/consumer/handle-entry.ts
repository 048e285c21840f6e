import type { MessageOf, QueueContract } from '@codegen/contracts';
import { type CurrentMessage, handling } from '../current-message.js';
import { openTelemetry } from '../queue/open-telemetry.js';
import { takesProgress } from '../queue/progress.js';
import { ATTEMPT, DEFERRALS } from '../queue/retry-counters.js';
import { sayFailed } from '../queue/what-is-away.js';
import { textOf } from '../text/error-text.js';
import { type ConsumerCore, readerOf } from './consumer-core.js';
import { deadOutcome } from './dead-outcome.js';
import { EntryContext } from './entry-context.js';
import type { HeldEntry } from './held-entries.js';
import type { ConsumerOptions } from './options.js';
import { processTraced } from './process-span.js';
import { idsOf, type ReadEntry, readEntry } from './read-entry.js';
import { beginRequest, requestOf } from './request.js';
import { classify, defaultRetry, deferralMs } from './retry-policy.js';
import type { Handled } from './settle.js';

/** Runs the handler on one entry, whose message is the current one meanwhile, and says how the entry ends. */
export function handleEntry<C extends QueueContract>(
  core: ConsumerCore,
  options: ConsumerOptions<C>,
  entry: HeldEntry,
): Promise<Handled> {
  const read = readEntry(core.store, options.contract, entry);
  if (!(read instanceof Promise)) return handleRead(core, options, entry, read);
  return read.then(
    (decoded) => handleRead(core, options, entry, decoded),
    () => ({ kind: 'release' }),
  );
}

function handleRead<C extends QueueContract>(
  core: ConsumerCore,
  options: ConsumerOptions<C>,
  entry: HeldEntry,
  decoded: ReadEntry<MessageOf<C>>,
): Promise<Handled> {
  const current = currentOf(decoded, entry);
  const handle = () => handling(current, () => handleDecoded(core, options, entry, decoded, current));
  const loading = openTelemetry();
  if (!loading) return handle();
  const about = { core, contract: options.contract, entry, current };
  return loading.then((api) => (api ? processTraced(api, about, handle) : handle()));
}

async function handleDecoded<C extends QueueContract>(
  core: ConsumerCore,
  options: ConsumerOptions<C>,
  entry: HeldEntry,
  decoded: ReadEntry<MessageOf<C>>,
  current: CurrentMessage,
): Promise<Handled> {
  const { handler, maxTakeovers = 10 } = options;
  entry.requestId = current.request_id;
  const lost = entry.deliveries < 2 ? 0 : await lostRunsOf(core, entry);
  if (lost === 'unknown') return { kind: 'release' };
  const attempt = counter(entry.fields[ATTEMPT], 1) + lost;
  const deferrals = counter(entry.fields[DEFERRALS], 0);
  if (!decoded.ok) {
    const { code, error, raw } = decoded;
    const reason = { code, error, errorType: 'ValidationError', attempts: attempt, ...idsOf(current) };
    return deadOutcome(core, options, entry, raw, undefined, reason);
  }
  const { message, raw } = decoded;
  if (entry.deliveries > maxTakeovers + 1) {
    const error = `taken over ${entry.deliveries - 1} times: each consumer that had it died or lost its lease`;
    const reason = { code: 'crash_loop', error, errorType: 'CrashLoop', attempts: attempt, ...idsOf(current) };
    return deadOutcome(core, options, entry, raw, message, reason);
  }
  const tries = (options.retry?.transient ?? defaultRetry.transient).length + 1;
  if (lost > 0 && attempt > tries) {
    const error = `lost its lease ${lost} times while the event loop of its consumer stood still: tried ${attempt - 1} times in all`;
    const reason = { code: 'leases_lost', error, errorType: 'LeaseLost', attempts: attempt - 1, ...idsOf(current) };
    return deadOutcome(core, options, entry, raw, message, reason);
  }
  const context = new EntryContext(core, entry, current, attempt, message);
  warnOfCallback(context, message);
  const request = requestOf(options, current);
  const begun = request && (await beginRequest(core, entry, request));
  if (begun === 'unknown') return { kind: 'release' };
  if (begun === 'done') {
    context.logger.info({ skipped: true }, 'the request was completed before: skipped');
    return { kind: 'done', skipped: true };
  }
  if (begun === 'busy') {
    context.logger.info({}, 'another entry of the request is being handled: waiting for its end');
    const fields = { ...entry.fields, [ATTEMPT]: String(attempt), [DEFERRALS]: String(deferrals + 1) };
    return { kind: 'retry', delayMs: deferralMs(deferrals), fields };
  }
  try {
    await handler(message, context);
    return { kind: 'done', ...(request && { request }) };
  } catch (error) {
    // An aborted handler has not failed: the message is somebody else's already, or goes to a peer unharmed.
    if (entry.aborted) return { kind: 'release' };
    core.counts.failed += 1;
    const text = textOf(error);
    const verdict = classify(error, { attempt, deferrals }, options.retry);
    if (verdict.kind === 'fatal') {
      context.logger.error({ error: text, attempt }, 'fatal error: the consumer stops');
      return { kind: 'fatal', error };
    }
    if (verdict.kind === 'retry') {
      const about = { error: text, attempt, delay_ms: Math.round(verdict.delayMs) };
      sayFailed(context.logger, error, 'handler failed, will try again', about);
      const counters = verdict.burnsAttempt
        ? { [ATTEMPT]: String(attempt + 1) }
        : { [ATTEMPT]: String(attempt), [DEFERRALS]: String(deferrals + 1) };
      return { kind: 'retry', delayMs: verdict.delayMs, fields: { ...entry.fields, ...counters }, error };
    }
    return deadOutcome(core, options, entry, raw, message, {
      code: verdict.code,
      error: text,
      errorType: error instanceof Error ? error.name : typeof error,
      attempts: attempt,
      cause: error,
      ...idsOf(current),
    });
  }
}

/** Asked of what was taken over alone: nothing else can have lost a run. */
async function lostRunsOf(core: ConsumerCore, entry: HeldEntry): Promise<number | 'unknown'> {
  try {
    return await core.store.lostRuns(readerOf(core, entry.stream), entry.id);
  } catch (error) {
    core.logger.warn({ entry_id: entry.id, error: textOf(error) }, 'cannot tell how often a message was tried');
    return 'unknown';
  }
}

/** Said once a message, rather than for each event that is dropped. */
function warnOfCallback({ logger }: EntryContext, message: object): void {
  const { callback_stream: stream, task_id: taskId } = message as { callback_stream?: unknown; task_id?: unknown };
  if (typeof stream !== 'string' || takesProgress(stream, taskId)) return;
  const why = 'callback_stream is neither task_progress:<its task> nor a user’s: no progress goes there';
  logger.warn({ callback_stream: stream.slice(0, 200) }, why);
}

function counter(text: string | undefined, least: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value > least && value < 10_000 ? value : least;
}

function currentOf(decoded: ReadEntry<object>, { id: entry_id, stream }: HeldEntry): CurrentMessage {
  if (!decoded.ok) return { correlation_id: decoded.correlationId, request_id: decoded.requestId, entry_id, stream };
  const { correlation_id, request_id } = decoded.message as Record<string, unknown>;
  return { correlation_id: textOrNothing(correlation_id), request_id: textOrNothing(request_id), entry_id, stream };
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
