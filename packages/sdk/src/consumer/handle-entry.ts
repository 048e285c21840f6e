import type { MessageOf, QueueContract } from '@codegen/contracts';
import { withBindings } from '../queue/logger.js';
import type { ConsumerCore } from './consumer-core.js';
import { deadOutcome, textOf } from './dead-outcome.js';
import type { HeldEntry } from './held-entries.js';
import type { ConsumerOptions } from './options.js';
import { ATTEMPT, DEFERRALS, idsOf, readEntry } from './read-entry.js';
import { judge } from './retry-policy.js';
import type { Outcome } from './settle.js';

/**
 * Runs the handler on one entry and says how the entry ends; `fatal` means that the consumer must stop and the entry
 * stay as it is.
 */
export async function handleEntry<C extends QueueContract>(
  core: ConsumerCore,
  options: ConsumerOptions<C>,
  entry: HeldEntry,
): Promise<Outcome | { kind: 'fatal'; error: unknown }> {
  const { contract, handler, maxTakeovers = 10 } = options;
  const attempt = counter(entry.fields[ATTEMPT], 1);
  const deferrals = counter(entry.fields[DEFERRALS], 0);
  const decoded = await readEntry(core.store, contract, entry).catch(() => undefined);
  if (!decoded) return { kind: 'release' };
  if (!decoded.ok) {
    const { code, error, raw, correlationId, requestId } = decoded;
    return deadOutcome(core, options, entry, raw, undefined, {
      code,
      error,
      errorType: 'ValidationError',
      attempts: attempt,
      ...(correlationId !== undefined && { correlationId }),
      ...(requestId !== undefined && { requestId }),
    });
  }
  const message = decoded.message as MessageOf<C>;
  const ids = idsOf(message);
  const logger = withBindings(core.logger, {
    correlation_id: ids.correlationId,
    request_id: ids.requestId,
    entry_id: entry.id,
    stream: entry.stream,
  });
  if (entry.deliveries > maxTakeovers + 1) {
    const error = `taken over ${entry.deliveries - 1} times: each consumer that had it died or lost its lease`;
    return deadOutcome(core, options, entry, decoded.raw, message, {
      code: 'crash_loop',
      error,
      errorType: 'CrashLoop',
      attempts: attempt,
      ...ids,
    });
  }
  try {
    const { signal } = entry.abort;
    await handler(message, { entryId: entry.id, attempt, signal, queue: core.store, logger, stream: entry.stream });
    return { kind: 'done' };
  } catch (error) {
    // An aborted handler has not failed: the message is somebody else's already, or goes to a peer unharmed.
    if (entry.abort.signal.aborted) return { kind: 'release' };
    const text = textOf(error);
    const verdict = judge(error, { attempt, deferrals }, options.retry);
    if (verdict.kind === 'fatal') {
      logger.error({ error: text, attempt }, 'fatal error: the consumer stops');
      return { kind: 'fatal', error };
    }
    if (verdict.kind === 'retry') {
      logger.warn({ error: text, attempt, delay_ms: Math.round(verdict.delayMs) }, 'handler failed, will try again');
      const counters = verdict.burnsAttempt
        ? { [ATTEMPT]: String(attempt + 1) }
        : { [ATTEMPT]: String(attempt), [DEFERRALS]: String(deferrals + 1) };
      return { kind: 'retry', delayMs: verdict.delayMs, fields: { ...entry.fields, ...counters } };
    }
    return deadOutcome(core, options, entry, decoded.raw, message, {
      code: verdict.code,
      error: text,
      errorType: error instanceof Error ? error.name : typeof error,
      attempts: attempt,
      cause: error,
      ...ids,
    });
  }
}

function counter(text: string | undefined, least: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value > least && value < 10_000 ? value : least;
}
