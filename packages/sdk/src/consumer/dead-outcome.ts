import { AsyncResource } from 'node:async_hooks';
import { type EntryFields, type MessageOf, type QueueContract, wireNow } from '@codegen/contracts';
import { textOf } from '../text/error-text.js';
import type { ConsumerCore } from './consumer-core.js';
import type { HeldEntry } from './held-entries.js';
import type { ConsumerOptions, DeadLetter } from './options.js';
import { classify } from './retry-policy.js';
import type { Outcome } from './settle.js';

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
    cause: reason.cause,
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
  // Bound: it runs when the entry is settled, and belongs to its message still.
  return AsyncResource.bind(async () => {
    try {
      if (!announced) await onDeadLetter?.(message, reason);
    } catch (error) {
      const verdict = classify(error, { attempt, deferrals: 0 });
      if (verdict.kind === 'retry') {
        if (verdict.burnsAttempt) attempt += 1;
        throw error;
      }
      core.logger.error({ entry_id: reason.entryId, error: textOf(error) }, 'nobody was told of a dead letter');
    }
    announced = true;
  });
}
