import { type EntryFields, type MessageOf, type QueueContract, wireNow } from '@codegen/contracts';
import type { ConsumerCore } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';
import type { ConsumerOptions, DeadLetter } from './options.js';
import { judge } from './retry-policy.js';
import type { Outcome } from './settle.js';

/** Characters of an error that are kept. */
const ERROR_LIMIT = 4000;

/** Ends an entry in the dead-letter stream, after whoever waits for it was told. */
export function deadOutcome<C extends QueueContract>(
  core: ConsumerCore,
  options: ConsumerOptions<C>,
  entry: HeldEntry,
  original: EntryFields,
  message: MessageOf<C> | undefined,
  reason: Omit<DeadLetter, 'entryId'>,
): Outcome {
  const { service, consumer } = options;
  const about = { entry_id: entry.id, stream: entry.stream, correlation_id: reason.correlationId };
  core.logger.error({ ...about, code: reason.code, error: reason.error }, 'message goes to the dead-letter stream');
  return {
    kind: 'dead',
    original,
    context: {
      error: reason.error,
      error_type: reason.errorType,
      code: reason.code,
      timestamp: wireNow(),
      service,
      consumer,
      attempts: reason.attempts,
      entry_id: entry.id,
      correlation_id: reason.correlationId ?? null,
    },
    announce: announceOnce(core, options, message, { ...reason, entryId: entry.id }),
  };
}

/** Calls the hook until it has returned; a hook that fails by its own fault does not hold the message up for ever. */
function announceOnce<C extends QueueContract>(
  core: ConsumerCore,
  { onDeadLetter }: ConsumerOptions<C>,
  message: MessageOf<C> | undefined,
  reason: DeadLetter,
): () => Promise<void> {
  let announced = false;
  let attempt = 1;
  return async () => {
    try {
      if (!announced) await onDeadLetter?.(message, reason);
    } catch (error) {
      const verdict = judge(error, { attempt, deferrals: 0 });
      if (verdict.kind === 'retry') {
        if (verdict.burnsAttempt) attempt += 1;
        throw error;
      }
      core.logger.error({ entry_id: reason.entryId, error: textOf(error) }, 'nobody was told of a dead letter');
    }
    announced = true;
  };
}

/** The error's text as it may be kept: bounded, without the password of any URL. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/(\w+:\/\/[^\s:@/]*:)[^\s@/]+@/g, '$1[redacted]@').slice(0, ERROR_LIMIT);
}
